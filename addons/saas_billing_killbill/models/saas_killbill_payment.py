from decimal import Decimal
from uuid import uuid4

from odoo import models

from ..killbill import books
from ..killbill.errors import Refused


class SaasKillbillAccount(models.Model):
    """Money that Odoo took, told to Kill Bill: by what is true of each invoice now."""

    _inherit = "saas.killbill.account"

    def _order_payments(self, ledger):
        """Order to be told what was paid here and is not there, and the other way.

        :param Ledger ledger: what Kill Bill has
        """
        for invoice in ledger.invoices:
            moves = self._get_moves(invoice)
            asked = invoice.status == books.COMMITTED
            if asked and moves and invoice.id not in ledger.written_off:
                self._order_payment(invoice, moves)

    def _order_payment(self, invoice, moves):
        missing = self._get_paid_net(invoice, moves) - books.sum_paid(invoice)
        if missing > 0 and invoice.balance > 0:
            self._give_order("pay", invoice, min(missing, invoice.balance))
        elif missing < 0:
            self._order_refunds(invoice, -missing)

    def _get_paid_net(self, invoice, moves):
        """Return what was paid here of an invoice, without tax.

        A payment of all settles all; a part counts in proportion, so that the last one
        takes what rounding left. A credit note that Kill Bill knows nothing of is no
        money, and pays nothing there.

        :rtype: Decimal
        """
        total = moves._sum_signed("amount_total")
        if self.currency_id.compare_amounts(total, 0.0) <= 0:
            return Decimal(0)
        money = moves._get_paid_by_money()
        rest = total - money - moves._get_paid_by_credit()
        if self.currency_id.is_zero(rest):
            return books.sum_charged(invoice) + books.sum_credit(invoice)
        return self._to_decimal(float(books.sum_charged(invoice)) * money / total)

    def _order_refunds(self, invoice, amount):
        """Take back, newest first, what we told ourselves; never what others did."""
        orders = self.order_ids.filtered(lambda one: one.invoice == invoice.id)
        told = orders.filtered(lambda one: one.kind == "pay" and one.state == "done")
        for paid in told.sorted("id", reverse=True):
            left = min(amount, paid._get_not_refunded())
            if left > 0:
                self._give_order("refund", invoice, left, refunded_id=paid.id)
                amount -= left

    def _give_order(self, kind, invoice, amount, **values):
        """Write an order down, unless the same was refused before."""
        orders = self.order_ids.filtered(lambda one: one.invoice == invoice.id)
        last = orders.sorted("id")[-1:]
        if last.state == "refused" and last._get_amount() == amount:
            return
        self.env["saas.killbill.order"]._create_guarded(
            [
                {
                    "account_id": self.id,
                    "kind": kind,
                    "invoice": invoice.id,
                    "amount": float(amount),
                    "key": f"odoo-{kind}-{uuid4()}",
                    **values,
                }
            ]
        )

    def _to_decimal(self, amount):
        """Return an amount of the account's currency as Kill Bill is told it."""
        rounded = self.currency_id.round(amount)
        return Decimal(f"{rounded:.{self.currency_id.decimal_places}f}")


class SaasKillbillOrder(models.Model):
    """A payment, or one that was given back, of which Kill Bill is to be told."""

    _inherit = "saas.killbill.order"

    def _get_amount(self):
        return self.account_id._to_decimal(self.amount)

    def _get_not_refunded(self):
        """Return what Kill Bill was told of a payment, less what was taken back."""
        refunds = self.refund_ids.filtered(lambda one: one.state != "refused")
        return self._get_amount() - sum(one._get_amount() for one in refunds)

    def _tell_pay(self, client):
        invoice = client.invoices.get(self.invoice)
        client.invoices.record_payment(invoice, self.key, self._get_amount())

    def _tell_refund(self, client):
        for paid in client.invoices.payments(self.invoice):
            if paid.key == self.refunded_id.key:
                client.invoices.record_refund(paid.id, self.key, self._get_amount())
                return
        raise Refused(self.env._("Kill Bill does not have the payment that it was of."))
