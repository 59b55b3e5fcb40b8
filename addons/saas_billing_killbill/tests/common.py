"""What tests of this add-on stand on: a Kill Bill that keeps what it is given."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from unittest.mock import patch

from odoo.addons.saas_master.tests.common import SaasCommon

from ..killbill.errors import NotFound, Unavailable
from ..killbill.records import Account, Ledger, Subscription
from ..models.saas_killbill_server import SaasKillbillServer
from .access_lines import make_server


class FakeKillBill:
    """As the client is, with documents in memory; what it gives back is wrapped."""

    def __init__(self):
        self.known = {}
        self.uploads = []
        self.is_down = False
        self._catalog = self._overdue = ""
        self.tenants = SimpleNamespace(
            ensure=self._ensure,
            catalog=lambda: self._answer(self._catalog),
            upload_catalog=self._upload_catalog,
            overdue=lambda: self._answer(self._overdue),
            upload_overdue=self._upload_overdue,
            waiting_deliveries=lambda: self._answer([]),
        )
        self.is_in_test_mode = True
        self.days_ahead = 0
        self.clock = SimpleNamespace(
            is_movable=lambda: self.is_in_test_mode, now=self._get_moment
        )
        self.accounts = FakeAccounts(self)
        self.subscriptions = SimpleNamespace(
            ensure=self.accounts.start,
            find=self.accounts.find,
            set_fields=lambda *_, **__: None,
            preview_change=lambda *_: self._answer(self.accounts.previewed),
            **{
                name: self.accounts.note(name)
                for name in ("change_plan", "undo_change", "cancel", "undo_cancel")
            },
        )
        self.invoices = SimpleNamespace(
            get=self.accounts.get,
            payments=self.accounts.get_payments,
            record_payment=self.accounts.record_payment,
            record_refund=self.accounts.record_refund,
            write_off=self.accounts.write_off,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Nothing is held open."""

    def version(self):
        return self._answer("0.22.26")

    def _answer(self, value=None):
        if self.is_down:
            raise Unavailable("Kill Bill does not answer.", "Start it.")
        return value

    def _get_moment(self):
        return (datetime.now(UTC) + timedelta(days=self.days_ahead)).isoformat()

    def _ensure(self, key, secret, external_key):
        self._answer()
        self.known.setdefault(key, secret)

    def _upload_catalog(self, text):
        self._answer()
        self.uploads.append(text)
        version = text.partition("?>")[2].replace("<catalog>", "<version>")
        version = version.replace("</catalog>", "</version>")
        self._catalog = f"<catalogs><versions>{version}</versions></catalogs>"

    def _upload_overdue(self, text):
        self._overdue = self._answer(text)


class FakeAccounts:
    """What an account has, in memory, with what was asked of it."""

    def __init__(self, killbill):
        self._answer = killbill._answer
        self.asked, self.found, self.refused = [], {}, {}
        self.billed, self.written_off, self.payments = {}, set(), {}
        self.previewed = None

    # === ACCOUNTS === #

    def ensure(self, key, name, currency, **fields):
        self._answer()
        nothing = {"balance": Decimal(0), "credit": Decimal(0)}
        return Account(id=f"id-{key}", key=key, name=name, currency=currency, **nothing)

    def ledger(self, account_id):
        return self._answer(
            Ledger(
                subscriptions=tuple(self.found.values()),
                invoices=tuple(self.billed.values()),
                written_off=frozenset(self.written_off),
            )
        )

    def invoices(self, account_id):
        return self._answer([*self.billed.values()])

    def give_credit(self, account_id, key, amount, currency):
        self._note("give_credit", key, amount, currency)

    # === SUBSCRIPTIONS === #

    def start(self, account_id, key, bundle_key, plan, *, trial):
        self._note("start", plan, trial)
        today = date.today()
        self.found[key] = Subscription(
            id=key,
            key=key,
            bundle_id="b",
            bundle_key=bundle_key,
            account_id=account_id,
            plan=plan,
            phase="TRIAL" if trial else "EVERGREEN",
            state="ACTIVE",
            start=today,
            charged_through=today + timedelta(days=30),
            cancelled=None,
            billing_end=None,
        )
        return self.found[key]

    def find(self, key):
        self._answer()
        if key not in self.found:
            raise NotFound("There is none.")
        return self.found[key]

    def note(self, name):
        def note(key, *values, billed_now=None, **more):
            self._note(name, *values, *more.values())

        return note

    def _note(self, *asked):
        self._answer()
        if asked[0] in self.refused:
            raise self.refused[asked[0]]
        self.asked.append(asked)

    # === INVOICES === #

    def get(self, invoice_id):
        return self._answer(self.billed[invoice_id])

    def record_payment(self, invoice, key, amount):
        self._note("record_payment", amount)
        self._pay(invoice.id, amount)
        self.payments.setdefault(invoice.id, []).append(
            SimpleNamespace(id=key, key=key)
        )

    def get_payments(self, invoice_id):
        return self._answer(self.payments.get(invoice_id, []))

    def record_refund(self, payment_id, key, amount):
        self._note("record_refund", amount)
        [invoice] = [
            invoice
            for invoice, paid in self.payments.items()
            if payment_id in [one.id for one in paid]
        ]
        self._pay(invoice, -amount)

    def write_off(self, invoice):
        self.written_off.add(invoice)
        self.billed[invoice] = replace(self.billed[invoice], balance=Decimal(0))

    def _pay(self, invoice, amount):
        before = self.billed[invoice]
        self.billed[invoice] = replace(before, balance=before.balance - amount)


class KillbillCommon(SaasCommon):
    """One fleet on fakes, with a Kill Bill that is one too, and a plan with prices."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = make_server(cls.env)
        # What is sold everywhere else
        for plan in cls.env["saas.plan"].search([]):
            plan.write({"active": False, "code": f"other_{plan.code}"})
        cls.env["saas.plan.price"].search([]).unlink()
        cls.plan = cls.fleet.plan
        cls.plan.write({"active": True, "code": "starter"})
        cls.set_price(monthly=10.0, annual=100.0)

    def setUp(self):
        super().setUp()
        self.killbill = FakeKillBill()
        for name in ("_get_driver", "_get_operator_driver"):
            self.startPatcher(
                patch.object(SaasKillbillServer, name, lambda _: self.killbill)
            )
        for name in ("commit", "rollback"):
            self.startPatcher(patch.object(self.env.cr, name))

    @classmethod
    def set_price(cls, plan=None, **amounts):
        """Give a plan prices by period, in place of those it had."""
        plan = plan or cls.plan
        plan.price_ids.unlink()
        cls.env["saas.plan.price"].create(
            [
                {"plan_id": plan.id, "period": period, "amount": amount}
                for period, amount in amounts.items()
            ]
        )

    @contextmanager
    def kill_bill_down(self):
        self.killbill.is_down = True
        try:
            yield
        finally:
            self.killbill.is_down = False
