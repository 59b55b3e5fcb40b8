"""An account that Kill Bill bills, and a company that keeps books."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from odoo import Command

from ..killbill.records import Invoice, Item
from .common import KillbillCommon


def use_demo_provider(env):
    """Have a payment provider that charges nobody, and answers as its card says.

    :return: the ``payment.provider``
    """
    company = env.company
    bank = [("type", "=", "bank"), ("company_id", "=", company.id)]
    provider = env.ref("payment.payment_provider_demo")
    provider.write(
        {
            "state": "test",
            "company_id": company.id,
            "journal_id": env["account.journal"].search(bank, limit=1).id,
        }
    )
    return provider


class BooksCase(KillbillCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.bills_new = True
        company = cls.env.company
        if not company.chart_template:
            cls.env["account.chart.template"].try_loading("generic_coa", company)
        cls.tax = cls.env["account.tax"].create(
            {
                "name": "19 %",
                "amount": 19.0,
                "amount_type": "percent",
                "type_tax_use": "sale",
                "price_include_override": "tax_excluded",
            }
        )
        cls.product = cls.server._get_product()
        cls.product.taxes_id = [Command.set(cls.tax.ids)]

    def setUp(self):
        super().setUp()
        self.there = self.killbill.accounts
        self.subscription = self.request_instance().subscription_id
        self.account = self.subscription.killbill_account_id
        self.account._job_converge()

    # === WHAT KILL BILL DOES === #

    def be(self, **values):
        """Have Kill Bill say something else of the subscription."""
        found, key = self.there.found, self.subscription.killbill_key
        found[key] = replace(found[key], **values)

    def bill(self, *amounts, number="1", day=1, **values):
        """Have Kill Bill make an invoice, or another line on one that is there.

        :param amounts: one for each line; a pair names its kind, too
        """
        key = f"invoice-{number}"
        known = self.there.billed.get(key)
        items = known.items if known else ()
        for amount in amounts:
            line = amount if isinstance(amount, tuple) else ("RECURRING", amount)
            items += (self.make_item(key, len(items), *line),)
        balance = sum(item.amount for item in items)
        self.there.billed[key] = Invoice(
            **{
                "id": key,
                "number": number,
                "account_id": "a",
                "currency": "USD",
                "status": "COMMITTED",
                "on": date(2026, 1, day),
                "target": None,
                "amount": balance,
                "balance": balance,
                "credit": Decimal(0),
                "refunded": Decimal(0),
                "items": items,
                **values,
            }
        )
        return key

    def make_item(self, invoice, index, kind, amount):
        return Item(
            id=f"{invoice}-{index}",
            kind=kind,
            amount=Decimal(amount),
            rate=Decimal(amount),
            subscription_id=self.subscription.killbill_key,
            plan="starter-monthly" if kind == "RECURRING" else "",
            start=date(2026, 1, 1),
            end=date(2026, 2, 1),
            linked_id=None,
            description="",
        )

    def describe(self, key, description):
        """Have Kill Bill say something else of the first line of an invoice."""
        invoice = self.there.billed[key]
        first, *others = invoice.items
        first = replace(first, description=description, start=None, end=None)
        self.there.billed[key] = replace(invoice, items=(first, *others))

    # === WHAT IS LOOKED AT === #

    def converge(self, times=2):
        for _ in range(times):
            self.account._job_converge()
        self.assertFalse(self.account.message)

    @property
    def moves(self):
        return self.account.move_ids.sorted("id")

    def pay(self, move, amount=None):
        """Take money for an invoice, as a bank's statement or a provider does."""
        wizard = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        )
        wizard = wizard.create({"amount": amount} if amount else {})
        return wizard._create_payments()

    def check_agree(self):
        self.assertEqual(self.account.difference, 0.0)
