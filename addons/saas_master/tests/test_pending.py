"""What is paid before it begins waits with its name, and not for ever."""

from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from ..models.saas_guarded_mixin import SaasGuardedMixin
from ..models.saas_instance_pending import HELD
from ..models.saas_subscription_billing import SaasSubscription
from .committed import CommittedCase


@tagged("post_install", "-at_install")
class TestPending(CommittedCase):
    """Somebody bills, and wants the first payment first."""

    def setUp(self):
        super().setUp()
        self.forget_when_over()
        self.startPatcher(
            patch.object(
                SaasSubscription,
                "_billing_pays_first",
                lambda one: one.billing_status == "payment_required",
            )
        )

    def call(self, instance, method, *arguments):
        with self.open_env() as env:
            result = getattr(env["saas.instance"].browse(instance), method)(*arguments)
            return result.id if result else None

    def pay(self, instance):
        """Have billing say that it is paid; return the operation that came of it."""
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            before = record.last_operation_id
            record.subscription_id._decide(status="paid")
            after = record.last_operation_id
            return after.id if after != before else None

    def wait(self, duration):
        """Let time pass, and the scheduled action look."""
        with self.open_env() as env:
            later = env["saas.instance"]._saas_now() + duration
            with patch.object(SaasGuardedMixin, "_saas_now", lambda _: later):
                env["saas.instance"]._cron_expire_pending()

    # === A START === #

    def test_who_has_to_pay_first_gets_a_name_and_nothing_else(self):
        instance, operation = self.create_instance(trial=False, subdomain="held")
        self.assertFalse(operation)
        status, until = self.instance(instance, "status", "pending_until")
        self.assertEqual(status, "creating")
        self.assertTrue(until)
        with self.assertRaises((UserError, ValidationError)), self.open_env() as env:
            self.request(env, subdomain="held")
        operation = self.pay(instance)
        self.work(operation)
        status, until = self.instance(instance, "status", "pending_until")
        self.assertEqual((status, until), ("running", False))

    def test_a_payment_during_a_freeze_begins_it_afterwards(self):
        instance, _ = self.create_instance(trial=False)
        with self.open_env() as env:
            env["saas.operation"]._freeze("a restore")
        try:
            self.assertIsNone(self.pay(instance))
        finally:
            with self.open_env() as env:
                env["saas.operation"]._unfreeze()
        with self.open_env() as env:
            waiting = env["saas.instance"]._find_waiting()
            self.assertIn(instance, waiting.ids)
            waiting.browse(instance)._open_what_is_wanted()
            operation = waiting.browse(instance).last_operation_id
        self.work(operation.id)
        self.assertEqual(self.instance(instance, "status"), "running")

    def test_who_does_not_pay_in_time_is_discarded_with_the_name(self):
        instance, _ = self.create_instance(trial=False, subdomain="late")
        self.wait(HELD - timedelta(minutes=1))
        self.assertTrue(self.instance(instance, "pending_until"))
        self.wait(HELD + timedelta(minutes=1))
        with self.open_env() as env:
            ending = env["saas.instance"].browse(instance).last_operation_id
            self.assertEqual(ending.kind, "discard")
        self.work(ending.id)
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            self.assertTrue(record.subscription_id.ended_at)
            self.request(env, subdomain="late", trial=True)

    def test_what_waits_can_be_taken_back_before(self):
        instance, _ = self.create_instance(trial=False)
        discard = self.call(instance, "_discard", "changed their mind")
        self.work(discard)
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            self.assertFalse(record.pending_until)
            self.assertTrue(record.subscription_id.ended_at)

    def test_a_trial_begins_at_once(self):
        _, operation = self.create_instance(trial=True)
        self.assertTrue(operation)

    # === COMING BACK === #

    def test_who_comes_back_pays_first_and_finds_everything(self):
        instance = self.make_instance("terminate")
        self.assertIsNone(self.call(instance, "_reactivate"))
        self.assertEqual(self.instance(instance, "status"), "terminated")
        with self.assertRaisesRegex(UserError, "comes back once it is paid"):
            self.call(instance, "_reactivate")
        with self.assertRaisesRegex(UserError, "comes back once it is paid"):
            self.call(instance, "_purge", self.instance(instance, "subdomain"), "why")
        operation = self.pay(instance)
        self.work(operation)
        self.assertEqual(self.instance(instance, "status"), "running")

    def test_who_comes_back_and_does_not_pay_stays_terminated(self):
        instance = self.make_instance("terminate")
        self.call(instance, "_reactivate")
        self.wait(HELD + timedelta(minutes=1))
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            self.assertFalse(record.pending_until)
            self.assertTrue(record.subscription_id.ended_at)
            self.assertEqual(record.status, "terminated")
        self.assertIsNone(self.call(instance, "_reactivate"))
