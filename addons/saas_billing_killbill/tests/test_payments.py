"""What is paid in Odoo is told to Kill Bill, without its tax and once."""

from decimal import Decimal

from odoo.tests import tagged

from ..killbill.errors import Refused
from .books_common import BooksCase


@tagged("post_install", "-at_install")
class TestPayments(BooksCase):
    def get_told(self):
        return [told for told in self.there.asked if told[0].startswith("record_")]

    def test_a_payment_is_told_without_its_tax_and_once(self):
        self.bill("10.00")
        self.converge()
        self.pay(self.moves)
        self.converge(3)
        self.assertEqual(self.get_told(), [("record_payment", Decimal("10.00"))])
        self.assertEqual(self.there.billed["invoice-1"].balance, 0)
        self.check_agree()

    def test_parts_are_told_in_proportion_and_the_last_takes_the_rest(self):
        self.bill("10.00")
        self.converge()
        for part in (3.97, 3.97, None):
            self.pay(self.moves, part)
            self.converge()
            self.check_agree()
        told = [amount for _, amount in self.get_told()]
        self.assertEqual(told, [Decimal("3.34"), Decimal("3.33"), Decimal("3.33")])

    def test_a_payment_that_is_taken_back_is_owed_again(self):
        self.bill("10.00")
        self.converge()
        payment = self.pay(self.moves)
        self.converge()
        payment.action_draft()
        payment.action_cancel()
        self.converge()
        self.assertEqual(self.get_told()[1], ("record_refund", Decimal("10.00")))
        self.assertEqual(self.there.billed["invoice-1"].balance, Decimal("10.00"))
        self.check_agree()
        self.pay(self.moves)
        self.converge()
        self.assertEqual(self.there.billed["invoice-1"].balance, 0)

    def test_a_payment_that_kill_bill_has_lost_holds_nothing_up(self):
        self.bill("10.00")
        self.converge()
        payment = self.pay(self.moves)
        self.converge()
        self.there.payments.clear()
        payment.action_draft()
        payment.action_cancel()
        self.converge()
        order = self.account.order_ids.sorted("id")[-1]
        self.assertEqual((order.kind, order.state), ("refund", "refused"))
        self.assertIn("does not have the payment", order.message)

    def test_a_payment_wakes_the_job(self):
        self.bill("10.00")
        self.converge()
        jobs = self.env["queue.job"].search([("method_name", "=", "_job_converge")])
        jobs.state = "done"
        self.pay(self.moves)
        waiting = [("method_name", "=", "_job_converge"), ("state", "=", "pending")]
        self.assertEqual(self.env["queue.job"].search_count(waiting), 1)

    def test_a_payment_is_told_again_with_the_same_key_after_a_crash(self):
        self.bill("10.00")
        self.converge()
        self.pay(self.moves)
        self.account._job_converge()
        order = self.account.order_ids.filtered(lambda one: one.kind == "pay")
        self.assertEqual(order.state, "waiting")
        with self.kill_bill_down():
            self.account._job_converge()
        self.assertEqual(order.state, "waiting")
        self.converge()
        self.assertEqual(order.state, "done")
        self.assertEqual(self.there.payments["invoice-1"][0].key, order.key)

    def test_what_kill_bill_refuses_is_not_told_for_ever(self):
        self.bill("10.00")
        self.converge()
        self.pay(self.moves)
        self.there.refused["record_payment"] = Refused("Kill Bill refuses: no")
        self.converge(5)
        orders = self.account.order_ids.filtered(lambda one: one.kind == "pay")
        self.assertEqual(orders.mapped("state"), ["refused"])
        self.assertTrue(self.account.difference)

    def test_what_others_told_kill_bill_is_left_alone(self):
        self.bill("10.00", balance=Decimal("4.00"))
        self.converge(3)
        self.assertEqual(self.get_told(), [])
        self.assertTrue(self.account.difference)

    def test_a_credit_note_of_staff_is_no_money(self):
        self.bill("10.00")
        self.converge()
        today = {"invoice_date": self.moves.invoice_date}
        self.moves._reverse_moves([today], cancel=True)
        self.converge(3)
        self.assertEqual(self.get_told(), [])
        self.assertEqual(self.account.difference, 10.0)

    def test_what_was_mended_first_is_paid_by_what_is_left(self):
        self.bill("10.00")
        self.converge()
        self.bill(("ITEM_ADJ", "-4.00"))
        self.converge()
        self.pay(self.moves[0])
        self.converge()
        self.assertEqual(self.get_told(), [("record_payment", Decimal("6.00"))])
        self.check_agree()
