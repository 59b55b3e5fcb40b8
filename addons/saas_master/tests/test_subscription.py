"""Trials, and how what billing says moves an instance: level-triggered."""

from datetime import datetime, timedelta
from itertools import permutations
from unittest.mock import patch

from odoo.exceptions import UserError, ValidationError
from odoo.service.model import retrying
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.saas_guarded_mixin import SaasGuardedMixin
from ..models.saas_subscription import BillingState
from .committed import CommittedCase

NOON = datetime(2031, 5, 17, 12)


@tagged("post_install", "-at_install")
class TestTrials(CommittedCase):
    def test_a_customer_has_one_trial_and_is_told_so(self):
        with self.open_env() as env:
            partner = env["res.partner"].create({"name": "Once"})
            self.request(env, partner=partner)
            with self.assertRaisesRegex(UserError, "Once had a trial already"):
                self.request(env, partner=partner)
            paying = self.request(env, partner=partner, trial=False)
            self.assertEqual(paying.billing_status, "payment_required")
            self.assertFalse(paying.subscription_id.trial_end)

    def test_a_plan_without_trial_days_uses_no_trial_up(self):
        with self.open_env() as env:
            partner = env["res.partner"].create({"name": "Not yet"})
            plan = self.fleet(env, "plan").copy({"code": "paid", "trial_days": 0})
            at_once = self.request(env, partner=partner, plan=plan)
            self.assertEqual(at_once.billing_status, "payment_required")
            self.assertFalse(at_once.subscription_id.trial_end)
            later = self.request(env, partner=partner)
            self.assertEqual(later.billing_status, "trial")

    def test_the_contacts_of_a_company_share_its_trial(self):
        with self.open_env() as env:
            company = env["res.partner"].create({"name": "Co", "is_company": True})
            people = env["res.partner"].create(
                [{"name": name, "parent_id": company.id} for name in ("A", "B")]
            )
            self.request(env, partner=people[0])
            with self.assertRaisesRegex(UserError, "Co had a trial already"):
                self.request(env, partner=people[1])

    @mute_logger("odoo.sql_db")
    def test_two_trials_at_once_are_one(self):
        with self.open_env() as env:
            partner = env["res.partner"].create({"name": "Both at once"}).id

        def ask():
            with self.open_env() as env:
                owner = env["res.partner"].browse(partner)
                return retrying(lambda: self.request(env, partner=owner).id, env)

        results = self.at_once(ask, ask)
        won = [result for result in results if isinstance(result, int)]
        [lost] = [result for result in results if not isinstance(result, int)]
        self.assertEqual(len(won), 1)
        self.assertIsInstance(lost, UserError | ValidationError)
        self.assertIn("had a trial already", str(lost))

    def test_a_trial_is_handed_over_to_who_had_one_and_stays_the_givers(self):
        with self.open_env() as env:
            giver, taker = env["res.partner"].create(
                [{"name": "Giver"}, {"name": "Taker"}]
            )
            self.request(env, partner=taker)
            given = self.request(env, partner=giver).id
            last = env["saas.instance"].browse(given).last_operation_id.id
            giver, taker = giver.id, taker.id
        self.work(last)
        with self.open_env() as env:
            record = env["saas.instance"].browse(given)
            owner = env["res.partner"].browse(taker)
            operation = record._hand_over(owner, "taker@x.test").id
        self.work(operation)
        with self.open_env() as env:
            record = env["saas.instance"].browse(given)
            self.assertEqual(record.subscription_id.partner_id.id, taker)
            self.assertEqual(record.billing_status, "trial")
            for name, partner in (("Giver", giver), ("Taker", taker)):
                with self.assertRaisesRegex(UserError, f"{name} had a trial already"):
                    self.request(env, partner=env["res.partner"].browse(partner))

    def test_who_was_handed_a_trial_may_begin_one_still(self):
        given = self.make_instance()
        with self.open_env() as env:
            owner = env["res.partner"].create({"name": "Late"})
            env["saas.instance"].browse(given)._hand_over(owner, "late@x.test")
            mine = self.request(env, partner=owner)
            self.assertEqual(mine.billing_status, "trial")

    def test_a_trial_ends_by_the_platforms_clock(self):
        with (
            patch.object(SaasGuardedMixin, "_saas_now", lambda _self: NOON),
            self.open_env() as env,
        ):
            subscription = self.request(env).subscription_id
            days = subscription.plan_id.trial_days
            self.assertEqual(subscription.trial_end, NOON + timedelta(days=days))


@tagged("post_install", "-at_install")
class TestBillingState(CommittedCase):
    def test_suspended_pauses_and_paid_resumes(self):
        instance = self.make_instance()
        self.apply(instance, "suspended", due=25.0)
        self.assertEqual(self.work_at_last(instance), "suspend")
        self.assertEqual(
            self.instance(instance, "status", "billing_status"), ["paused", "suspended"]
        )
        self.apply(instance, "paid")
        self.assertEqual(self.work_at_last(instance), "resume")
        self.assertEqual(
            self.instance(instance, "status", "billing_status"), ["running", "paid"]
        )

    def test_the_same_state_twice_changes_nothing(self):
        instance = self.make_instance()
        for status, kind in (("suspended", "suspend"), ("paid", "resume")):
            self.apply(instance, status)
            self.apply(instance, status)
            self.work_at_last(instance)
            self.apply(instance, status)
            with self.open_env() as env:
                record = env["saas.instance"].browse(instance)
                kinds = record.operation_ids.mapped("kind")
                self.assertEqual(kinds.count(kind), 1)

    def test_the_last_state_counts_in_whatever_order_they_come(self):
        for states in permutations(("suspended", "paid", "overdue")):
            with self.subTest(states=states):
                instance = self.make_instance()
                for status in states:
                    self.apply(instance, status)
                self.settle(instance)
                expected = "paused" if states[-1] == "suspended" else "running"
                self.assertEqual(self.instance(instance, "status"), expected)
                self.assertEqual(self.instance(instance, "billing_status"), states[-1])

    def test_an_ended_subscription_terminates(self):
        for status in ("paid", "suspended"):
            with self.subTest(status=status):
                instance = self.make_instance()
                self.apply(instance, status, ended_at=NOON)
                self.settle(instance)
                self.assertEqual(self.instance(instance, "status"), "terminated")

    def test_an_end_during_another_operation_follows_it(self):
        instance = self.make_instance()
        restart = self.ask(instance, "restart")
        self.apply(instance, "paid", ended_at=NOON)
        self.work(restart)
        self.settle(instance)
        self.assertEqual(self.instance(instance, "status"), "terminated")

    def test_an_end_that_is_taken_back_in_time_is_none(self):
        instance = self.make_instance()
        restart = self.ask(instance, "restart")
        self.apply(instance, "paid", ended_at=NOON)
        self.apply(instance, "paid")
        self.work(restart)
        self.settle(instance)
        self.assertEqual(
            self.instance(instance, "status", "desired_status"), ["running", "running"]
        )

    def test_what_staff_suspended_is_not_resumed_because_it_is_paid(self):
        instance = self.make_instance()
        self.apply(instance, "paid")
        self.do(instance, "suspend")
        self.apply(instance, "paid")
        self.settle(instance)
        self.assertEqual(self.instance(instance, "status"), "paused")

    def test_what_staff_suspended_before_billing_did_is_not_resumed(self):
        instance = self.make_instance()
        self.suspend(instance)
        for status in ("suspended", "paid"):
            self.apply(instance, status)
            self.settle(instance)
            self.assertEqual(self.instance(instance, "status"), "paused")

    def test_what_staff_suspend_after_billing_began_to_is_not_resumed(self):
        instance = self.make_instance()
        restart = self.ask(instance, "restart")
        self.apply(instance, "suspended")
        self.suspend(instance)
        self.work(restart)
        self.settle(instance)
        self.apply(instance, "paid")
        self.settle(instance)
        self.assertEqual(self.instance(instance, "status"), "paused")

    def suspend(self, instance):
        """Have staff suspend, for abuse as it may be."""
        with self.open_env() as env:
            env["saas.instance"].browse(instance)._suspend("Abuse.")
        self.settle(instance)

    def test_what_is_stopped_cannot_be_started_unpaid(self):
        for late in (False, True):
            with self.subTest(late=late):
                instance = self.make_instance()
                stop = self.ask(instance, "stop")
                if not late:
                    self.work(stop)
                self.apply(instance, "suspended")
                if late:
                    self.work(stop)
                self.settle(instance)
                self.assertEqual(self.instance(instance, "status"), "paused")
                with self.open_env() as env, self.assertRaisesRegex(UserError, "Start"):
                    env["saas.instance"].browse(instance)._request("start")

    def test_a_plan_that_nobody_knows_is_told_once(self):
        instance = self.make_instance()
        plan = self.instance(instance, "plan_id")
        for _ in range(2):
            with self.open_env() as env:
                subscription = env["saas.instance"].browse(instance).subscription_id
                subscription._apply_billing_state(
                    BillingState(status="paid", plan="no-such-plan")
                )
        [(subject, text)] = self.mails
        self.assertEqual(subject, "Billing names an unknown plan")
        self.assertIn("no-such-plan", text)
        self.assertEqual(
            self.instance(instance, "plan_id", "billing_status"), [plan, "paid"]
        )

    def test_what_staff_terminated_is_not_started_by_billing(self):
        instance = self.make_instance()
        terminate = self.ask(instance, "terminate")
        self.apply(instance, "paid")
        self.work(terminate)
        self.settle(instance)
        self.assertEqual(self.instance(instance, "status"), "terminated")

    def test_an_older_subscription_moves_nothing(self):
        instance = self.make_instance("terminate")
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            old = record.subscription_id.id
            operation = record._reactivate().id
        self.work(operation)
        with self.open_env() as env:
            subscription = env["saas.subscription"].browse(old)
            self.assertTrue(subscription.ended_at)
            subscription._apply_billing_state(
                BillingState(status="suspended", plan=subscription.plan_id.code)
            )
        self.settle(instance)
        self.assertEqual(self.instance(instance, "status"), "running")

    def test_billing_is_taken_in_while_the_platform_is_frozen(self):
        instance = self.make_instance()
        self.addCleanup(self.unfreeze)
        with self.open_env() as env:
            env["saas.operation"]._freeze("Hands off.")
        self.apply(instance, "suspended")
        self.assertEqual(
            self.instance(instance, "status", "billing_status"),
            ["running", "suspended"],
        )
        self.unfreeze()
        with self.open_env() as env:
            env["saas.operation"]._cron_repair_operations()
        self.settle(instance)
        self.assertEqual(self.instance(instance, "status"), "paused")

    def test_a_billing_change_is_an_event(self):
        instance = self.make_instance()
        self.apply(instance, "paid")
        with self.open_env() as env:
            events = env["saas.instance"].browse(instance).event_ids
            [event] = events.filtered(lambda one: one.kind == "billing_status")
            self.assertEqual(event.message, "Billing went from Trial to Paid.")

    # === HELPERS === #

    def apply(self, instance, status, **values):
        with self.open_env() as env:
            subscription = env["saas.instance"].browse(instance).subscription_id
            plan = subscription.plan_id.code
            subscription._apply_billing_state(
                BillingState(status=status, plan=plan, **values)
            )

    def settle(self, instance):
        """Run operations until none is left."""
        for _ in range(5):
            with self.open_env() as env:
                active = env["saas.instance"].browse(instance)._get_active_operation()
                operation = active.id
            if not operation:
                return
            self.work(operation)
        self.fail("The instance does not settle.")

    def unfreeze(self):
        with self.open_env() as env:
            env["saas.operation"]._unfreeze()
