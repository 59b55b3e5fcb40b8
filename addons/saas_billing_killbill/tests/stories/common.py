"""What stories stand on: a real Kill Bill with its clock, and people who live by it.

What runs is faked; operations, accounting and Kill Bill are real. All stories share
one platform in a database that is thrown away, and begin on the first of a month.
"""

from datetime import datetime, timedelta
from unittest.mock import patch

from odoo.modules.registry import Registry
from odoo.tests import get_db_name
from odoo.tests.common import _super_send

from odoo.addons.saas_master.tests.committed import CommittedCase

from ...models.saas_killbill_server import SaasKillbillServer
from .life import Life
from .world import begin_world, get_outside, make_plan

STEPS = 6  # looks at an account until all that follows of one thing has happened


class StoryCase(CommittedCase):
    """One customer's life."""

    @classmethod
    def setUpClass(cls):
        # Not its own: a fleet and a tenant of Kill Bill for each would take a minute.
        super(CommittedCase, cls).setUpClass()
        cls.registry = Registry(get_db_name())
        cls.outside, key = get_outside()
        cls.enterClassContext(cls.outside)
        cls.startClassPatcher(
            patch.object(SaasKillbillServer, "_get_key", lambda _server: key)
        )
        cls.ids = begin_world()

    @classmethod
    def _request_handler(cls, session, request, /, **values):
        # Odoo's own closes this door, and reads no pair of time-outs.
        return _super_send(session, request, **values)

    def setUp(self):
        super().setUp()
        self.lives = []
        self.begin_month()
        self.addCleanup(self.end_all)

    # === TIME === #

    @property
    def now(self):
        """What day it is, as all that is due sees it."""
        with self.open_env() as env:
            return env["saas.instance"]._saas_now()

    def begin_month(self):
        """Move to the first of the next month."""
        with self.talking() as kb:
            first = datetime.fromisoformat(kb.clock.now()).replace(day=1)
            first += timedelta(days=32)
            kb.clock.set(f"{first:%Y-%m}-01T08:00:00.000Z")
        self.follow_clock()

    def follow_clock(self):
        """Have all that is due go by Kill Bill's clock."""
        with self.open_env() as env, self.talking() as kb:
            self.server(env)._follow_clock(kb)

    def live(self, days):
        """Live through some days; on each, Odoo looks at what there is to look at."""
        for _ in range(days):
            with self.talking() as kb:
                kb.clock.advance(1)
            self.settle()

    def live_until(self, moment):
        """Live until the day of a moment that is to come."""
        self.live((moment.date() - self.now.date()).days)

    def jump(self, days):
        """Let some days pass in which nobody looks, and look then."""
        with self.talking() as kb:
            moment = datetime.fromisoformat(kb.clock.now()) + timedelta(days=days)
            kb.clock.set(f"{moment:%Y-%m-%dT%H:%M:%S}.000Z")
        self.settle()

    def settle(self):
        """Let all follow what just happened: webhooks say no more than that."""
        for account in {life.account for life in self.lives}:
            for _ in range(STEPS):
                before = self.get_orders(account)
                with self.talking() as kb:
                    kb.clock.settle()
                with self.open_env() as env:
                    env["saas.killbill.account"].browse(account)._job_converge()
                self.work_off()
                orders = self.get_orders(account)
                told = orders == before and "waiting" not in orders
                if told and not self.charge(account):
                    break

    def charge(self, account):
        """Charge what customers saved.

        :return: whether there was something to charge
        """
        with self.open_env() as env:
            record = env["saas.killbill.account"].browse(account)
            found = record._find_charged_now(record._get_token())
            record._job_charge()
            return bool(found)

    def get_orders(self, account):
        """Return the states of all that Kill Bill was ever to be told."""
        with self.open_env() as env:
            record = env["saas.killbill.account"].browse(account)
            return record.order_ids.sorted("id").mapped("state")

    def work_off(self):
        """Run each operation that waits."""
        for life in self.lives:
            while waiting := life.get_waiting():
                self.work(waiting)

    # === PEOPLE === #

    def subscribe(self, plan="starter", owner=None, **values):
        """Have a customer ask for an instance, and wait for what follows.

        :rtype: Life
        """
        with self.open_env() as env:
            if owner:
                values["partner"] = env["res.partner"].browse(owner.partner)
            plan = env["saas.plan"].search([("code", "=", plan)])
            life = Life(self, self.request(env, plan=plan, **values))
        return self.follow(life)

    def follow(self, life):
        """Have a life go on with the others'."""
        self.lives.append(life)
        self.settle()
        return life

    def sell(self, code, amount, prices_from=None):
        """Sell a plan of its own at a price, and publish that.

        :param datetime prices_from: from when on it is the price of who has it already
        """
        with self.open_env() as env:
            plan = env["saas.plan"].search([("code", "=", code)])
            plan = plan or make_plan(env, code, amount)
            of_month = plan.price_ids.filtered(lambda one: one.period == "monthly")
            of_month.amount = amount
            self.server(env)._publish(prices_from)

    def end_all(self):
        """Leave nobody who would live through the days of the next story."""
        for life in self.lives:
            with self.open_env() as env:
                if not life.subscription(env).ended_at:
                    life.subscription(env)._billing_stop()
        self.settle()

    # === KILL BILL === #

    @classmethod
    def server(cls, env):
        return env["saas.killbill.server"].browse(cls.ids["kill_bill"])

    def talking(self):
        """Talk to Kill Bill itself; a context."""
        with self.open_env() as env:
            return self.server(env)._get_driver()
