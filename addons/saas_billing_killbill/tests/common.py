"""What tests of this add-on stand on: a Kill Bill that keeps what it is given."""

from contextlib import contextmanager
from types import SimpleNamespace
from unittest.mock import patch

from odoo.addons.saas_master.tests.common import SaasCommon

from ..killbill.errors import Unavailable
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
