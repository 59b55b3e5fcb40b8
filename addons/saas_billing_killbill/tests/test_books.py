"""What Kill Bill bills is in Odoo's books once, and to the cent."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .books_common import BooksCase


@tagged("post_install", "-at_install")
class TestBooks(BooksCase):
    def test_an_invoice_is_booked_once_with_its_lines_and_taxes(self):
        self.bill("10.00", "3.33")
        self.converge()
        move = self.moves
        self.assertEqual(
            (move.move_type, move.state, move.invoice_date, move.ref),
            ("out_invoice", "posted", date(2026, 1, 1), "Kill Bill 1"),
        )
        self.assertEqual(move.invoice_line_ids.mapped("price_subtotal"), [10.0, 3.33])
        self.assertEqual(move.invoice_line_ids.tax_ids, self.tax)
        self.assertAlmostEqual(move.amount_total, 15.86)
        self.assertEqual(move.partner_id, self.subscription.partner_id)
        self.assertEqual(move.invoice_line_ids.saas_subscription_id, self.subscription)
        name = self.subscription.instance_id.subdomain
        wanted = f"{self.plan.name} of {name}: 01/01/2026 – 02/01/2026"
        self.assertEqual(move.invoice_line_ids[0].name, wanted)
        self.check_agree()

    def test_what_is_sold_is_taxed_as_the_company_taxes_unless_told_otherwise(self):
        company = self.env.company
        company.account_sale_tax_id = self.tax
        self.server.product_id = False
        self.assertEqual(self.server._get_product().taxes_id, self.tax)
        self.assertEqual(self.server._get_product(), self.server.product_id)

    def test_a_trial_of_nothing_is_not_booked(self):
        self.bill(("FIXED", "0.00"))
        self.converge()
        self.assertFalse(self.moves)
        self.check_agree()

    def test_what_is_mended_later_is_booked_as_a_credit_note(self):
        self.bill("10.00")
        self.converge()
        self.bill(("ITEM_ADJ", "-4.00"))
        self.converge()
        self.assertEqual(self.moves.mapped("move_type"), ["out_invoice", "out_refund"])
        self.assertEqual(self.moves[1].amount_untaxed, 4.0)
        self.assertAlmostEqual(self.moves[0].amount_residual, 7.14)
        self.assertEqual(self.moves[1].amount_residual, 0.0)
        self.check_agree()

    def test_an_upgrade_in_the_month_is_one_invoice_of_two_lines(self):
        self.bill("29.03", ("REPAIR_ADJ", "-9.68"))
        self.converge()
        self.assertEqual(self.moves.amount_untaxed, 19.35)
        self.assertIn("not used", self.moves.invoice_line_ids[1].name)
        self.check_agree()

    def test_credit_pays_the_next_invoice_on_both_sides(self):
        self.bill(("REPAIR_ADJ", "-87.10"), ("CBA_ADJ", "87.10"))
        self.converge()
        self.assertEqual(self.moves.move_type, "out_refund")
        self.assertEqual((self.account.owed, self.account.open_amount), (-87.1, -87.1))
        self.check_agree()
        self.bill("30.00", ("CBA_ADJ", "-30.00"), number="2", day=2)
        self.converge()
        self.assertEqual(self.moves[1].payment_state, "reversed")
        self.assertAlmostEqual(self.account.open_amount, -57.1)
        self.assertNotIn("record_payment", str(self.there.asked))
        self.check_agree()

    def test_a_void_invoice_is_credited_in_full(self):
        self.bill("10.00")
        self.converge()
        self.bill(status="VOID", balance=Decimal(0))
        self.converge()
        self.assertEqual(self.moves.mapped("amount_residual"), [0.0, 0.0])
        self.assertEqual(self.moves.mapped("move_type"), ["out_invoice", "out_refund"])
        self.check_agree()

    def test_the_credit_note_of_a_void_one_goes_into_the_next_open_period(self):
        self.bill("10.00")
        self.converge()
        self.env.company.fiscalyear_lock_date = date(2026, 1, 31)
        self.bill(status="VOID", balance=Decimal(0))
        self.converge()
        self.assertGreater(self.moves[1].date, date(2026, 1, 31))
        self.check_agree()

    def test_what_is_written_off_is_credited_as_far_as_it_is_open(self):
        self.bill("10.00")
        self.converge()
        self.pay(self.moves, 4.76)
        self.converge()
        self.bill(balance=Decimal(0))
        self.there.written_off.add("invoice-1")
        self.converge()
        self.assertEqual(self.moves[1].amount_untaxed, 6.0)
        self.assertEqual(self.moves.mapped("amount_residual"), [0.0, 0.0])
        self.assertTrue(self.moves[1].is_killbill_write_off)
        self.check_agree()

    def test_staff_write_off_what_an_instance_owes_with_their_reason(self):
        self.bill("10.00")
        self.converge()
        self.subscription._billing_write_off("He was ill")
        self.converge()
        self.assertEqual(self.there.written_off, {"invoice-1"})
        self.assertEqual(self.moves[1].ref, "Written off: He was ill")
        self.assertEqual(self.subscription.due, 0.0)
        self.check_agree()

    def test_days_that_are_given_are_credit_with_their_reason(self):
        self.subscription._write_guarded({"billing_status": "paid"})
        told = self.subscription._billing_describe_extension(7)
        self.assertIn("2.30 of credit", told)
        self.subscription._billing_extend(7, "The site was down")
        self.converge()
        order = self.account.order_ids.sorted("id")[-1]
        wanted = ("give_credit", order.key, Decimal("2.30"), "USD")
        self.assertEqual(self.there.asked[-1], wanted)
        self.bill(("CREDIT_ADJ", "-2.30"), ("CBA_ADJ", "2.30"))
        self.describe("invoice-1", order.key)
        self.converge()
        self.assertEqual(self.moves.move_type, "out_refund")
        self.assertEqual(self.moves.invoice_line_ids.name, "Credit: The site was down")
        self.check_agree()

    def test_nobody_writes_off_what_another_instance_owes(self):
        self.bill("10.00")
        other = self.make_item("invoice-1", 9, "RECURRING", "5.00")
        other = replace(other, subscription_id="another")
        invoice = self.there.billed["invoice-1"]
        self.there.billed["invoice-1"] = replace(
            invoice, items=(*invoice.items, other), balance=Decimal("15.00")
        )
        self.converge()
        self.subscription._billing_write_off("He was ill")
        self.converge()
        self.assertFalse(self.there.written_off)
        order = self.account.order_ids.sorted("id")[-1]
        self.assertEqual(order.state, "refused")
        self.assertIn("asks for another instance", order.message)

    def test_taxes_that_are_part_of_the_price_are_refused_with_the_cure(self):
        self.tax.price_include_override = "tax_included"
        self.bill("10.00")
        self.account._job_converge()
        self.assertIn("choose taxes that are added", self.account.message)
        self.assertFalse(self.moves)
        self.tax.price_include_override = "tax_excluded"
        self.converge()
        self.assertEqual(self.moves.amount_untaxed, 10.0)

    def test_what_is_not_booked_is_told_to_managers(self):
        rung = []
        self.bill("10.00")
        self.converge()
        self.moves.button_draft()
        self.account._note_balance(self.there.ledger("a"))
        alarm = type(self.env["saas.alarm"])
        self.patch(alarm, "_ring", lambda _, *told: rung.append(told))
        self.env["saas.killbill.account"]._cron_compare_books()
        [(kind, _subject, text)] = rung
        self.assertEqual(kind, "books_differ")
        self.assertIn(self.account.partner_id.name, text)

    def test_nobody_ties_an_invoice_to_kill_bill_by_hand(self):
        self.bill("10.00")
        self.converge()
        for record, values in (
            (self.moves, {"killbill_invoice": "mine"}),
            (self.moves.invoice_line_ids, {"killbill_item": "mine"}),
            (self.account, {"billed": 1.0}),
        ):
            with self.assertRaises(AccessError):
                record.write(values)
