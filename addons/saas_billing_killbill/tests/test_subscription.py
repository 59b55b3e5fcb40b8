"""What is decided is told to Kill Bill, in order, once; what it says is followed."""

from decimal import Decimal
from types import SimpleNamespace
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.saas_infra.drivers.errors import PermanentInfraError
from odoo.addons.saas_master.models.saas_alarm import SaasAlarm

from ..killbill.errors import InvalidLogin, Refused
from ..models.saas_killbill_account import LOCK
from .common import KillbillCommon


@tagged("post_install", "-at_install")
class TestSubscription(KillbillCommon):
    def setUp(self):
        super().setUp()
        self.server.bills_new = True
        self.outside_of = self.killbill.accounts
        self.rung = []
        self.startPatcher(
            patch.object(
                SaasAlarm, "_ring", lambda _, *told, **__: self.rung.append(told)
            )
        )

    def make(self, **values):
        """Return the subscription of a new instance."""
        return self.request_instance(**values).subscription_id

    def converge(self, subscription):
        subscription.killbill_account_id._job_converge()

    def get_states(self, subscription):
        return subscription.killbill_order_ids.sorted("id").mapped("state")

    def get_kinds(self, subscription):
        return subscription.killbill_order_ids.sorted("id").mapped("kind")

    def test_a_new_subscription_is_told_with_its_trial(self):
        subscription = self.make()
        self.assertEqual(subscription.billing_provider, "killbill")
        self.assertEqual(self.get_states(subscription), ["waiting"])
        for _ in range(2):
            self.converge(subscription)
        self.assertEqual(self.outside_of.asked, [("start", "starter-monthly", True)])
        self.assertEqual(self.get_states(subscription), ["done"])
        self.assertTrue(subscription.killbill_account_id.synced_at)

    def test_who_starts_without_a_trial_waits_for_the_first_payment(self):
        subscription = self.make(trial=False)
        instance = subscription.instance_id
        self.assertTrue(instance.pending_until)
        self.assertFalse(instance.last_operation_id)
        self.converge(subscription)  # Nothing is owed there.
        self.assertEqual(subscription.billing_status, "paid")
        self.assertEqual(instance.last_operation_id.kind, "provision")
        self.assertFalse(instance.pending_until)

    def test_staff_decide_where_kill_bill_is_not_to_bill(self):
        self.server.bills_new = False
        subscription = self.make()
        self.assertEqual(subscription.billing_provider, "none")
        self.assertFalse(subscription.killbill_order_ids)
        subscription._billing_cancel()
        self.assertTrue(subscription.cancel_at)

    def test_decisions_are_told_in_their_order_once_kill_bill_is_back(self):
        subscription = self.make()
        subscription._billing_cancel()
        with self.kill_bill_down():
            self.converge(subscription)
        account = subscription.killbill_account_id
        self.assertIn("does not answer", account.message)
        self.assertEqual(self.get_states(subscription), ["waiting", "waiting"])
        self.converge(subscription)
        self.assertEqual(
            [asked[0] for asked in self.outside_of.asked], ["start", "cancel"]
        )
        self.assertFalse(account.message)

    def test_what_kill_bill_refuses_is_told_to_staff_and_holds_nothing_up(self):
        subscription = self.make()
        refusal = Refused("Kill Bill refuses: no such plan")
        self.outside_of.refused["change_plan"] = refusal
        other = self.plan.copy({"code": "other", "name": "Other"})
        subscription._billing_change_plan(other)
        subscription._billing_cancel()
        self.converge(subscription)
        self.assertEqual(self.get_states(subscription), ["done", "refused", "done"])
        [(kind, _subject, text)] = self.rung
        self.assertEqual(kind, "killbill_refused")
        self.assertIn("no such plan", text)

    def test_a_plan_that_could_not_be_had_is_not_ordered(self):
        subscription = self.make()
        instance = subscription.instance_id
        instance._write_guarded({"cluster_id": self.fleet.cluster.id})
        huge = self.plan.copy({"code": "huge", "name": "Huge", "memory_mb": 10**7})
        with self.assertRaisesRegex(UserError, "no room for the plan Huge"):
            instance._change_plan(huge)
        instance._write_guarded({"files_gb": 4.2})
        tiny = self.plan.copy({"code": "tiny", "name": "Tiny", "storage_gb": 4})
        with self.assertRaisesRegex(UserError, "uses 4.2 GB; the plan has 4 GB"):
            instance._change_plan(tiny)
        self.assertEqual(subscription.killbill_order_ids.mapped("kind"), ["start"])

    def test_what_a_plan_costs_is_asked_of_kill_bill(self):
        subscription = self.make()
        self.converge(subscription)
        larger = self.plan.copy({"code": "larger", "name": "Larger", "sequence": 99})
        inquiry = subscription.instance_id._ask_what_costs(larger)
        for bill, due, words in (
            (None, 0.0, "Nothing is billed now"),
            (SimpleNamespace(amount=Decimal("13.55")), 13.55, "13.55 is billed now"),
        ):
            self.outside_of.previewed = bill
            inquiry._write_guarded({"state": "waiting"})
            inquiry._job_answer()
            self.assertEqual(inquiry.answer["due_now"], due)
            self.assertIn("Larger begins on", inquiry.answer["changes"][0])
            self.assertIn(words, inquiry.answer["changes"][1])

    def test_what_could_not_be_had_has_no_price(self):
        subscription = self.make()
        self.converge(subscription)
        subscription.instance_id._write_guarded({"files_gb": 4.2})
        tiny = self.plan.copy({"code": "tiny", "name": "Tiny", "storage_gb": 4})
        inquiry = subscription.instance_id._ask_what_costs(tiny)
        inquiry._job_answer()
        self.assertEqual(inquiry.state, "failed")
        self.assertIn("uses 4.2 GB", inquiry.message)

    def test_who_owes_gets_a_smaller_plan_and_no_larger_one(self):
        subscription = self.make()
        subscription._write_guarded({"due": 10.0})
        self.plan.sequence = 5
        larger = self.plan.copy({"code": "larger", "name": "Larger", "sequence": 6})
        with self.assertRaisesRegex(UserError, "larger plan is sold once that is paid"):
            subscription.instance_id._change_plan(larger)
        smaller = self.plan.copy({"code": "smaller", "name": "Smaller", "sequence": 4})
        subscription.instance_id._change_plan(smaller)
        kinds = subscription.killbill_order_ids.sorted("id").mapped("kind")
        self.assertEqual(kinds, ["start", "change_plan"])

    def test_an_order_waits_where_the_login_is_wrong(self):
        subscription = self.make()
        self.outside_of.refused["start"] = InvalidLogin("The login is refused.")
        self.converge(subscription)
        self.assertEqual(self.get_states(subscription), ["waiting"])
        self.assertIn("login is refused", subscription.killbill_account_id.message)
        self.outside_of.refused.clear()
        self.converge(subscription)
        self.assertEqual(self.get_states(subscription), ["done"])

    def test_a_smaller_plan_that_is_to_come_is_taken_back(self):
        subscription = self.make()
        self.converge(subscription)
        smaller = self.plan.copy({"code": "smaller", "name": "Smaller", "sequence": 1})
        subscription._write_guarded({"pending_plan_id": smaller.id})
        subscription.action_keep_plan()
        self.converge(subscription)
        self.assertIn(("undo_change",), self.outside_of.asked)
        subscription._write_guarded({"pending_plan_id": False})
        with self.assertRaisesRegex(UserError, "has the plan"):
            subscription.instance_id._change_plan(self.plan)

    def test_an_account_is_of_a_customer_and_a_currency(self):
        partner = self.env["res.partner"].create({"name": "Acme"})
        one = self.make(partner=partner)
        two = self.make(partner=partner, trial=False)
        self.assertEqual(one.killbill_account_id, two.killbill_account_id)
        self.assertNotEqual(one.killbill_account_id, self.make().killbill_account_id)

    def test_an_account_is_converged_by_one_at_a_time(self):
        subscription = self.make()
        account = subscription.killbill_account_id
        with self.env.registry.cursor() as other:
            lock = [LOCK, account.id]
            other.execute("SELECT pg_advisory_lock(%s, %s)", lock)
            self.converge(subscription)
            other.execute("SELECT pg_advisory_unlock(%s, %s)", lock)
        self.assertFalse(self.outside_of.asked)
        self.converge(subscription)
        self.assertTrue(self.outside_of.asked)

    def test_what_is_not_possible_yet_is_said(self):
        subscription = self.make()
        with self.assertRaisesRegex(UserError, "lengthens no trial"):
            subscription._billing_extend(3, "A gift")
        with self.assertRaisesRegex(UserError, "was not cancelled"):
            subscription._billing_undo_cancel()

    def test_who_takes_an_instance_is_billed_from_then_on_and_its_giver_no_more(self):
        given = self.make()
        self.converge(given)
        instance, giver = given.instance_id, given.partner_id
        taker = self.env["res.partner"].create({"name": "Taker"})
        given._billing_hand_over(taker)
        taken = instance.subscription_id
        self.assertEqual((given.partner_id, taken.partner_id), (giver, taker))
        self.assertEqual((taken.is_trial, taken.billing_status), (True, "trial"))
        self.assertEqual(self.get_kinds(given), ["start", "stop"])
        self.assertEqual(self.get_kinds(taken), ["start"])
        self.assertNotEqual(given.killbill_account_id, taken.killbill_account_id)

    def test_who_had_a_trial_takes_none_over(self):
        taker = self.env["res.partner"].create({"name": "Taker"})
        self.make(partner=taker)
        given = self.make()
        self.converge(given)
        says = given._billing_describe_hand_over(taker)
        self.assertIn("Taker pays from today on", says)
        given._billing_hand_over(taker)
        taken = given.instance_id.subscription_id
        self.assertEqual(taken.billing_status, "payment_required")

    def test_nobody_gives_away_what_is_owed_for(self):
        given = self.make()
        given._write_guarded({"due": 10.0})
        taker = self.env["res.partner"].create({"name": "Taker"})
        with self.assertRaisesRegex(UserError, "hand it over once that is paid"):
            given._billing_hand_over(taker)

    def test_a_kill_bill_that_is_closed_is_not_asked_each_minute(self):
        subscription = self.make()
        account, jobs = subscription.killbill_account_id, self.env["queue.job"]
        jobs.search([("method_name", "=", "_job_converge")]).state = "done"
        closed = PermanentInfraError("The Kill Bill is closed.", cure="Open it.")
        with patch.object(type(self.server), "_talking", side_effect=closed):
            self.converge(subscription)
        self.assertEqual(account.message, "The Kill Bill is closed. Open it.")
        self.assertFalse(account.synced_at)
        self.assertEqual(self.count_waiting(), 0)
        with self.kill_bill_down():
            self.converge(subscription)
        self.assertEqual(self.count_waiting(), 1)

    def test_what_happens_does_not_wait_for_what_is_tried_again_later(self):
        subscription = self.make()
        jobs = self.env["queue.job"].search([("method_name", "=", "_job_converge")])
        jobs.state = "done"
        with self.kill_bill_down():
            self.converge(subscription)
        waiting = [("method_name", "=", "_job_converge"), ("state", "=", "pending")]
        self.assertTrue(self.env["queue.job"].search(waiting).eta)
        for _ in range(2):
            subscription.killbill_account_id._wake()
        etas = self.env["queue.job"].search(waiting).mapped("eta")
        self.assertEqual([bool(eta) for eta in sorted(etas, key=bool)], [False, True])

    def test_what_is_changed_is_seen_by_a_job_that_begins_after_it(self):
        subscription = self.make()
        jobs = self.env["queue.job"].search([("method_name", "=", "_job_converge")])
        jobs.state = "done"
        account = subscription.killbill_account_id
        account._wake()
        self.assertEqual(self.count_waiting(), 1)
        for _ in range(2):
            account._wake(changed=True)
        self.assertEqual(self.count_waiting(), 2)

    def test_nobody_writes_what_ties_both_sides(self):
        subscription = self.make()
        for record, values in (
            (subscription, {"killbill_key": "mine"}),
            (subscription, {"pending_plan_id": self.plan.id}),
            (subscription.killbill_account_id, {"killbill_id": "mine"}),
            (subscription.killbill_order_ids, {"state": "done"}),
        ):
            with self.assertRaises(AccessError):
                record.write(values)

    def test_the_scheduled_action_wakes_who_has_an_open_matter(self):
        subscription = self.make()
        self.converge(subscription)
        jobs = self.env["queue.job"].search([("method_name", "=", "_job_converge")])
        jobs.state = "done"
        self.env["saas.killbill.account"]._cron_converge()
        self.assertEqual(self.count_waiting(), 1)
        self.env["queue.job"].search([("state", "=", "pending")]).state = "done"
        subscription._write_guarded({"ended_at": fields.Datetime.now()})
        self.env["saas.killbill.account"]._cron_converge()
        self.assertEqual(self.count_waiting(), 0)

    def count_waiting(self):
        waiting = [("method_name", "=", "_job_converge"), ("state", "=", "pending")]
        return self.env["queue.job"].search_count(waiting)
