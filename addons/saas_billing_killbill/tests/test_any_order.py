"""Whatever order webhooks come in, and whether they come: the end is Kill Bill's.

A fake steps through a year as a real Kill Bill 0.22.26 answered it
(tests/killbill/record_year.py).
"""

import json
import random
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.saas_master.models.saas_guarded_mixin import SaasGuardedMixin
from odoo.addons.saas_master.operations.playbooks import PLAYBOOKS

from ..killbill.records import Invoice, Ledger, Subscription
from ..models.saas_subscription_message import SaasSubscription as Message
from .common import KillbillCommon

RECORD = Path(__file__).parent / "recorded_year.json"
KEY = "odoo-subscription-recorded"
LIVES = 50


class Day:
    """What Kill Bill had on a day, and how often it told of something."""

    def __init__(self, found):
        self.what = found["what"]
        self.now = datetime.fromisoformat(found["now"]).replace(tzinfo=None)
        self.webhooks = len(found["webhooks"])
        self.ledger = Ledger(
            subscriptions=tuple(map(Subscription.from_json, found["subscriptions"])),
            invoices=tuple(map(Invoice.from_json, found["invoices"])),
            written_off=frozenset(found["written_off"]),
        )


@tagged("post_install", "-at_install")
class TestAnyOrder(KillbillCommon):
    seeds = range(LIVES)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.days = [*map(Day, json.loads(RECORD.read_text()))]
        cls.server.bills_new = True
        company = cls.env.company
        company.resource_calendar_id = False
        if not company.chart_template:
            cls.env["account.chart.template"].try_loading("generic_coa", company)
        cls.set_price(cls.plan.copy({"code": "professional"}), monthly=30.0)

    def setUp(self):
        super().setUp()
        self.today = self.days[0]
        self.startPatcher(
            patch.object(SaasGuardedMixin, "_saas_now", lambda _: self.today.now)
        )
        self.killbill.accounts.ledger = lambda _: self.today.ledger
        # Their words are no part of the end, and take most of the time.
        self.startPatcher(patch.object(Message, "_send_template"))

    def live(self, arrivals):
        """Live through the year, and forget it.

        :param arrivals: how many webhooks come on each day, in its order
        :return: how it ends
        """
        with self.env.cr.savepoint(flush=True) as savepoint:
            self.today = self.days[0]
            account = self.begin()
            for today, count in zip(self.days, arrivals, strict=True):
                self.today = today
                for _ in range(count):
                    self.converge(account)
            # As the scheduled action does where no webhook comes.
            self.converge(account)
            self.converge(account)
            end = self.describe(account)
            self.env.flush_all()
            savepoint.rollback()
            self.env.invalidate_all()
        return end

    def begin(self):
        subscription = self.request_instance("recorded").subscription_id
        account = subscription.killbill_account_id
        account._write_guarded({"killbill_id": "recorded"})
        subscription._write_guarded({"killbill_key": KEY})
        subscription.killbill_order_ids._write_guarded({"state": "done"})
        self.work(subscription.instance_id)
        return account

    def converge(self, account):
        account._job_converge()
        self.work(account.subscription_ids.instance_id)

    def work(self, instance):
        """Let each operation that began be done."""
        while operation := instance._get_active_operation():
            playbook = PLAYBOOKS[operation.kind]
            operation._write_guarded({"state": "done"})
            values = {"status": playbook.after} if playbook.after else {}
            if operation.kind == "provision":
                values["ready_at"] = self.today.now
            if code := (operation.params or {}).get("plan"):
                plan = self.env["saas.plan"].search([("code", "=", code)])
                values["plan_id"] = plan.id
            instance._write_guarded(values)
            instance._open_what_is_wanted()

    def describe(self, account):
        """Return all that must not depend on what came when."""
        self.assertFalse(account.message)
        self.assertEqual(account.billed, account.booked)
        subscription = account.subscription_ids
        instance = subscription.instance_id
        return {
            "billing": subscription._get_billing_state(),
            "pending": subscription.pending_plan_id.code,
            "instance": (instance.status, instance.desired_status),
            "plan": subscription.plan_id.code,
            # What was terminated before a change of plan came has no use for it.
            "limits": instance.status == "terminated" or instance.plan_id.code,
            "revenue": [
                (one.plan_id.code, one.date_from, one.date_to, one.monthly)
                for one in subscription.revenue_ids
            ],
            "balances": (account.billed, account.owed, account.open_amount),
            "books": sorted(
                (
                    move.move_type,
                    move.amount_untaxed,
                    move.amount_residual,
                    move.is_killbill_write_off,
                    sorted(filter(None, move.line_ids.mapped("killbill_item"))),
                )
                for move in account.sudo().move_ids
            ),
        }

    def draw(self, seed):
        """Return arrivals in which webhooks are lost, doubled, and late."""
        chance = random.Random(seed)
        arrivals = [0] * len(self.days)
        for number, day in enumerate(self.days):
            for _ in range(day.webhooks):
                for _ in range(chance.choice((0, 1, 1, 2))):
                    late = chance.choice((0, 0, 0, 1, 3))
                    arrivals[min(number + late, len(arrivals) - 1)] += 1
        if seed % 10 == 0:  # Kill Bill, or we, were away for long.
            first = chance.randrange(len(arrivals))
            arrivals[first : first + 8] = [0] * len(arrivals[first : first + 8])
        return [min(count, 2) for count in arrivals]

    def test_each_order_ends_as_kill_bill_has_it(self):
        in_order = self.live([day.webhooks for day in self.days])
        self.assertEqual(in_order["billing"].status, "overdue")
        self.assertTrue(in_order["billing"].ended_at)
        self.assertEqual(in_order["instance"], ("terminated", "terminated"))
        for seed in self.seeds:
            with self.subTest(seed=seed):
                self.assertEqual(self.live(self.draw(seed)), in_order)


@tagged("post_install", "-at_install")
class TestThousandOrders(TestAnyOrder):
    """The rest of a thousand: part of `make test-all`."""

    seeds = range(LIVES, 1000)
