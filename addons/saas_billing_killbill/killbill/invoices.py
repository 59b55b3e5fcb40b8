"""Invoices and the money for them; it is taken in Odoo and told here."""

from .errors import Refused
from .records import Invoice, Payment

WRITTEN_OFF = "00000000-0000-0000-0000-000000000004"
_KEY_USED = 7030
_FAILS = "killbill.external.payment.fail.error=true"


class Invoices:
    """What is asked for, and what became of it.

    :param Transport transport: the way to Kill Bill
    """

    def __init__(self, transport):
        self._ask = transport

    def get(self, invoice_id):
        """Return an invoice with its lines.

        :raise NotFound: where there is none
        """
        return Invoice.from_json(self._ask.get(f"/kb/invoices/{invoice_id}"))

    def payments(self, invoice_id):
        """Return the payments for an invoice, failed ones too.

        :rtype: list[Payment]
        """
        found = self._ask.get(f"/kb/invoices/{invoice_id}/payments")
        return [Payment.from_json(each) for each in found or ()]

    def record_payment(self, invoice, key, amount):
        """Tell of money that Odoo took, once for each key.

        Kill Bill keeps a key of a payment for good and refuses its second use, so that
        it is looked for before.

        :param Invoice invoice: what it is for
        :param str key: ours, committed before
        :param Decimal amount: at most the balance
        :rtype: Payment
        :raise Refused: where it is more than is owed, or nothing is
        """
        return self._pay(invoice, key, amount)

    def record_failure(self, invoice, key):
        """Tell that the money could not be taken, for the whole balance.

        :rtype: Payment
        """
        return self._pay(invoice, key, invoice.balance, pluginProperty=_FAILS)

    def record_refund(self, payment_id, key, amount):
        """Tell of money that Odoo gave back, once for each key.

        Kill Bill notes it as a payment of its own, and the invoice asks for it again.
        """
        body = {"amount": amount, "isAdjusted": False, "transactionExternalKey": key}
        path = f"/kb/invoicePayments/{payment_id}/refunds"
        try:
            self._ask.make(path, body, externalPayment=True)
        except Refused as refusal:
            if refusal.code != _KEY_USED:
                raise

    def write_off(self, invoice_id):
        """Ask for nothing more of an invoice; its period is not billed again."""
        self._ask.make(f"/kb/invoices/{invoice_id}/tags", [WRITTEN_OFF])

    def void(self, invoice_id):
        """Take an unpaid invoice back; its period is billed again with the next."""
        self._ask.put(f"/kb/invoices/{invoice_id}/voidInvoice")

    def html(self, invoice_id):
        """Return an invoice as a page of Kill Bill's."""
        return self._ask.get_text(f"/kb/invoices/{invoice_id}/html")

    def _pay(self, invoice, key, amount, **query):
        for payment in self.payments(invoice.id):
            if payment.key == key:
                return payment
        body = {
            "accountId": invoice.account_id,
            "targetInvoiceId": invoice.id,
            "purchasedAmount": amount,
            "paymentExternalKey": key,
        }
        self._ask.make(
            f"/kb/invoices/{invoice.id}/payments", body, externalPayment=True, **query
        )
        for payment in self.payments(invoice.id):
            if payment.key == key:
                return payment
        raise Refused(f"Kill Bill takes no payment: {invoice.number} owes nothing.")
