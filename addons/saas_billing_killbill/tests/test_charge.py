"""What a customer saved, such as a card, pays each bill by itself, once."""

from contextlib import suppress
from datetime import datetime, time, timedelta
from unittest.mock import patch

from odoo import Command
from odoo.tests import tagged

from odoo.addons.payment.models.payment_transaction import PaymentTransaction
from odoo.addons.saas_master.models.saas_alarm import SaasAlarm
from odoo.addons.saas_master.models.saas_guarded_mixin import SaasGuardedMixin

from ..models.saas_killbill_account import LOCK
from .books_common import BooksCase, use_demo_provider


@tagged("post_install", "-at_install")
class TestCharge(BooksCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = use_demo_provider(cls.env)

    def save_card(self, answers="done"):
        return self.env["payment.token"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.provider.payment_method_ids.id,
                "payment_details": "4242",
                "partner_id": self.account.partner_id.id,
                "provider_ref": "kept by the provider",
                "demo_simulated_state": answers,
            }
        )

    def be_billed(self):
        self.bill("10.00")
        self.converge()

    def charge(self, days=0):
        """Look at what is to be charged, some days after the bill."""
        with self.on_day(days):
            self.account._job_charge()

    def look(self, days=0):
        with self.on_day(days):
            self.converge(3)

    def on_day(self, days):
        """Have it be some days after the bill; a context."""
        day = self.moves.invoice_date + timedelta(days=days)
        now = datetime.combine(day, time(12))
        return patch.object(SaasGuardedMixin, "_saas_now", lambda _: now)

    @property
    def attempts(self):
        return self.moves.transaction_ids.sorted("id").mapped("state")

    def test_a_bill_is_charged_once_and_kill_bill_is_told(self):
        self.save_card()
        self.be_billed()
        self.assertIn("4242", self.account.saved_means)
        for _ in range(2):
            self.charge()
        self.assertEqual(self.attempts, ["done"])
        self.assertEqual(self.moves.amount_residual, 0.0)
        self.converge()
        self.assertEqual(self.there.billed["invoice-1"].balance, 0)
        self.check_agree()

    def test_what_fails_is_tried_on_each_day_of_a_reminder_and_told(self):
        self.save_card("error")
        self.be_billed()
        for day, attempts in ((0, 1), (1, 1), (3, 2), (4, 2), (7, 3), (20, 3)):
            self.charge(days=day)
            self.assertEqual(self.attempts, ["error"] * attempts, day)
        self.assertIn("could not be charged", self.moves.message_ids[0].body)
        self.assertIn(self.account.partner_id, self.moves.message_ids[0].partner_ids)
        events = self.env["saas.event"].search([("kind", "=", "charge_failed")])
        self.assertEqual(len(events), 3)
        self.assertEqual(events.instance_id, self.subscription.instance_id)

    def test_a_plan_suspends_at_the_first_payment_that_fails(self):
        self.be(phase="EVERGREEN")
        self.save_card("error")
        self.be_billed()
        for policy, status in (
            ("overdue", "payment_required"),
            ("failed_payment", "suspended"),
        ):
            self.plan.suspension = policy
            self.charge()
            self.look()
            self.assertEqual(self.subscription.billing_status, status)

        self.pay(self.moves)
        self.look()
        self.assertEqual(self.subscription.billing_status, "paid")

    def test_who_saved_nothing_is_reminded_before(self):
        self.be(phase="EVERGREEN")
        self.plan.suspension = "failed_payment"
        self.be_billed()
        self.look()
        self.assertEqual(self.subscription.billing_status, "payment_required")

    def test_a_job_is_queued_where_there_is_something_to_charge(self):
        waiting = [("method_name", "=", "_job_charge")]
        self.be_billed()
        self.assertFalse(self.env["queue.job"].search_count(waiting))
        self.save_card()
        self.converge()
        self.assertEqual(self.env["queue.job"].search_count(waiting), 1)

    def test_what_was_billed_before_the_card_was_saved_is_left_to_the_customer(self):
        self.be_billed()
        card = self.save_card()
        self.env.cr.execute(
            "UPDATE payment_token SET create_date = create_date + interval '1 hour' "
            "WHERE id = %s",
            [card.id],
        )
        card.invalidate_recordset()
        self.charge()
        self.assertEqual(self.attempts, [])

    def test_an_attempt_that_was_cut_off_is_told_and_never_made_again(self):
        self.save_card()
        self.be_billed()
        rung = []
        died = patch.object(
            PaymentTransaction, "_charge_with_token", side_effect=KeyboardInterrupt
        )
        # Not assertRaises, which takes back what was committed before.
        with died, suppress(KeyboardInterrupt):
            self.charge()
        with patch.object(SaasAlarm, "_ring", lambda _, *told, **__: rung.append(told)):
            for day in (0, 3):
                self.look(days=day)
                self.charge(days=day)
        self.assertEqual(self.attempts, ["draft"])
        self.assertEqual({told[0] for told in rung}, {"charge_cut_off"})

    def test_who_is_paying_in_the_portal_is_not_charged_meanwhile(self):
        card = self.save_card()
        self.be_billed()
        transaction = self.env["payment.transaction"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": card.payment_method_id.id,
                "operation": "online_direct",
                "amount": self.moves.amount_residual,
                "currency_id": self.moves.currency_id.id,
                "partner_id": self.account.partner_id.id,
                "invoice_ids": [Command.set(self.moves.ids)],
            }
        )
        transaction._set_pending()
        self.charge()
        self.assertEqual(self.attempts, ["pending"])
        transaction._set_canceled()
        self.charge()
        self.assertEqual(self.attempts, ["cancel", "done"])

    def test_a_job_that_meets_another_one_comes_again(self):
        self.save_card()
        self.be_billed()
        jobs = self.env["queue.job"].search([("method_name", "=", "_job_charge")])
        jobs.state = "started"
        with self.env.registry.cursor() as other:
            lock = [LOCK, self.account.id]
            other.execute("SELECT pg_advisory_lock(%s, %s)", lock)
            self.charge()
            other.execute("SELECT pg_advisory_unlock(%s, %s)", lock)
        self.assertEqual(self.attempts, [])
        waiting = [("method_name", "=", "_job_charge"), ("state", "=", "pending")]
        self.assertTrue(self.env["queue.job"].search(waiting).eta)

    def test_nothing_is_charged_by_a_provider_that_was_switched_off(self):
        self.save_card()
        self.provider.state = "disabled"
        self.be_billed()
        self.charge()
        self.assertEqual(self.attempts, [])
        self.assertFalse(self.account.saved_means)
