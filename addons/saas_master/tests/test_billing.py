"""The billing contract: what the platform asks of billing, and what follows."""

from datetime import datetime
from unittest.mock import patch
from uuid import uuid4

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.saas_infra.drivers.errors import PermanentInfraError

from ..models.saas_subscription_billing import SaasSubscription as Billing
from .committed import CommittedCase

NOON = datetime(2031, 5, 17, 12)
REFUSED = PermanentInfraError("It is refused.")


class BillingCase(CommittedCase):
    def setUp(self):
        super().setUp()
        self.large = self.make_plan()

    def make_plan(self):
        """Make a plan with twice the memory of the fleet's.

        :return: its code
        """
        code = f"large-{uuid4().hex[:6]}"
        with self.open_env() as env:
            env["saas.plan"].create({"name": code, "code": code, "memory_mb": 2048})
        return code

    def say(self, instance, **changes):
        """Have billing say what is true of the instance's subscription now."""
        with self.open_env() as env:
            env["saas.instance"].browse(instance).subscription_id._decide(**changes)

    def change_plan(self, instance, code):
        with self.open_env() as env:
            plan = env["saas.plan"].search([("code", "=", code)])
            return env["saas.instance"].browse(instance)._change_plan(plan).id

    def repair(self):
        with self.open_env() as env:
            env["saas.operation"]._cron_repair_operations()

    def plans(self, instance):
        """Return the plan that the instance has and the one that is sold."""
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            return record.plan_id.code, record.subscription_id.plan_id.code

    def kinds(self, instance):
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            return record.operation_ids.sorted("id").mapped("kind")


@tagged("post_install", "-at_install")
class TestPlanFollows(BillingCase):
    def test_an_instance_takes_the_plan_that_billing_names(self):
        instance = self.make_instance()
        for _ in range(2):
            self.say(instance, plan=self.large)
        self.assertEqual(self.work_at_last(instance), "change_plan")
        self.say(instance, plan=self.large)
        self.assertEqual(self.plans(instance), (self.large, self.large))
        self.assertEqual(self.instance(instance, "memory_mb"), 2048)
        self.assertEqual(self.kinds(instance), ["provision", "change_plan"])

    def test_a_subscription_takes_the_plan_that_staff_chose(self):
        instance = self.make_instance()
        self.work(self.change_plan(instance, self.large))
        self.assertEqual(self.plans(instance), (self.large, self.large))
        self.repair()
        self.assertEqual(self.kinds(instance), ["provision", "change_plan"])

    def test_who_died_for_want_of_memory_gets_a_larger_plan(self):
        instance = self.make_instance()
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            record._update_status({"running"}, "error", "It was killed.")
        self.work(self.change_plan(instance, self.large))
        self.assertEqual(self.plans(instance), (self.large, self.large))

    def test_a_plan_that_billing_named_meanwhile_follows(self):
        instance = self.make_instance()
        other = self.make_plan()
        chosen = self.change_plan(instance, self.large)
        self.say(instance, plan=other)
        self.work(chosen)
        self.assertEqual(self.plans(instance), (self.large, other))
        self.assertEqual(self.work_at_last(instance), "change_plan")
        self.assertEqual(self.plans(instance), (other, other))

    def test_a_plan_waits_for_the_creation_and_for_the_freeze(self):
        instance, operation = self.create_instance()
        self.say(instance, plan=self.large)
        self.work(operation)
        self.assertEqual(self.work_at_last(instance), "change_plan")
        other = self.make_plan()
        with self.open_env() as env:
            env["saas.operation"]._freeze("Hands off.")
        try:
            self.say(instance, plan=other)
        finally:
            with self.open_env() as env:
                env["saas.operation"]._unfreeze()
        self.repair()
        self.assertEqual(self.work_at_last(instance), "change_plan")
        self.assertEqual(self.plans(instance), (other, other))

    def test_a_plan_that_cannot_be_had_is_not_tried_again_and_again(self):
        instance = self.make_instance()
        self.fail_next("postgresql.list_databases", REFUSED)
        self.say(instance, plan=self.large)
        with self.open_env() as env:
            failed = env["saas.instance"].browse(instance).last_operation_id.id
        self.assertEqual(self.run_job(failed)[0], "failed")
        self.repair()
        self.say(instance, plan=self.large)
        self.assertEqual(self.instance(instance, "last_operation_id"), failed)
        with self.open_env() as env:
            env["saas.instance"].browse(instance)._retry()
        self.work(failed)
        self.assertEqual(self.plans(instance), (self.large, self.large))

    def test_staff_may_go_back_from_a_plan_that_cannot_be_had(self):
        instance = self.make_instance()
        before, _ = self.plans(instance)
        self.fail_next("postgresql.list_databases", REFUSED)
        self.say(instance, plan=self.large)
        with self.open_env() as env:
            failed = env["saas.instance"].browse(instance).last_operation_id.id
        self.run_job(failed)
        self.work(self.change_plan(instance, before))
        self.repair()
        self.assertEqual(self.plans(instance), (before, before))

    def test_what_has_ended_changes_no_plan(self):
        instance = self.make_instance()
        self.say(instance, plan=self.large, ended_at=NOON)
        self.assertEqual(self.work_at_last(instance), "terminate")
        self.repair()
        self.assertEqual(self.kinds(instance), ["provision", "terminate"])


@tagged("post_install", "-at_install")
class TestBillingIsAsked(BillingCase):
    def test_billing_hears_of_a_whole_life(self):
        heard = []
        for name in ("start", "change_plan", "stop", "reactivate"):
            self.listen(f"_billing_{name}", heard)
        instance = self.make_instance()
        first = self.instance(instance, "subscription_id")
        self.work(self.change_plan(instance, self.large))
        self.do(instance, "terminate")
        with self.open_env() as env:
            operation = env["saas.instance"].browse(instance)._reactivate().id
        self.work(operation)
        second = self.instance(instance, "subscription_id")
        self.assertEqual(
            heard,
            [
                ("_billing_start", first),
                ("_billing_change_plan", first),
                ("_billing_stop", first),
                ("_billing_reactivate", second),
            ],
        )

    def test_billing_is_not_told_of_an_end_that_it_told(self):
        heard = []
        self.listen("_billing_stop", heard)
        instance = self.make_instance()
        self.say(instance, ended_at=NOON)
        self.work_at_last(instance)
        self.assertFalse(heard)
        with self.open_env() as env:
            ended = env["saas.instance"].browse(instance).subscription_id.ended_at
        self.assertEqual(ended, NOON)

    def test_a_discarded_creation_is_no_longer_billed(self):
        heard = []
        self.listen("_billing_stop", heard)
        instance, operation = self.create_instance()
        self.fail_next("postgresql.set_identity", REFUSED)
        self.run_job(operation)
        self.do(instance, "discard")
        subscription = self.instance(instance, "subscription_id")
        self.assertEqual(heard, [("_billing_stop", subscription)])

    def test_what_billing_refuses_is_not_changed(self):
        instance = self.make_instance()
        refusal = patch.object(
            Billing, "_billing_change_plan", side_effect=UserError("Pay first.")
        )
        with refusal, self.assertRaisesRegex(UserError, "Pay first."):
            self.change_plan(instance, self.large)
        self.assertEqual(self.kinds(instance), ["provision"])

    def test_a_reactivation_opens_a_new_subscription_on_the_same_instance(self):
        instance = self.make_instance("terminate")
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            old = record.subscription_id
            operation = record._reactivate().id
            new = record.subscription_id
            self.assertNotEqual(old, new)
            self.assertEqual(new.instance_id, record)
            self.assertEqual(record.subscription_ids, new | old)
            self.assertEqual(new.plan_id, record.plan_id)
            self.assertEqual(new.partner_id, record.partner_id)
            self.assertEqual(new.billing_status, "payment_required")
            self.assertFalse(new.is_trial or new.ended_at)
            self.assertTrue(old.ended_at)
        self.work(operation)
        self.assertEqual(self.instance(instance, "status"), "running")

    def listen(self, name, heard):
        asked = getattr(Billing, name)

        def listen(subscription, *args, **options):
            heard.append((name, subscription.id))
            return asked(subscription, *args, **options)

        self.startPatcher(patch.object(Billing, name, listen))
