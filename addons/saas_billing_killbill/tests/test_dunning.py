"""Who does not pay is suspended, but not before a promise, nor on a day off."""

from datetime import datetime, timedelta
from unittest.mock import patch

from odoo import Command
from odoo.tests import tagged

from odoo.addons.saas_master.models.saas_guarded_mixin import SaasGuardedMixin

from ..killbill.errors import Refused
from .books_common import BooksCase
from .common import KillbillCommon

FRIDAY = datetime(2026, 1, 16, 12)
DAY = timedelta(days=1)


@tagged("post_install", "-at_install")
class TestDunning(KillbillCommon):
    def setUp(self):
        super().setUp()
        self.server.bills_new = True
        self.subscription = self.request_instance().subscription_id
        calendar = self.env["resource.calendar"].create({"name": "Monday to Friday"})
        self.subscription.company_id.resource_calendar_id = calendar

    def soften(self, now, status="suspended"):
        with patch.object(SaasGuardedMixin, "_saas_now", lambda _: now):
            return self.subscription._soften(status)

    def test_on_a_working_day_it_is_suspended(self):
        self.assertEqual(self.soften(FRIDAY), "suspended")

    def test_on_a_weekend_it_waits_until_monday(self):
        for days, status in ((1, "overdue"), (2, "overdue"), (3, "suspended")):
            self.assertEqual(self.soften(FRIDAY + days * DAY), status)

    def test_on_a_holiday_of_the_company_it_waits(self):
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": self.subscription.company_id.resource_calendar_id.id,
                "date_from": FRIDAY.replace(hour=0),
                "date_to": FRIDAY.replace(hour=23, minute=59),
            }
        )
        self.assertEqual(self.soften(FRIDAY), "overdue")

    def test_what_is_suspended_stays_so_on_a_weekend(self):
        self.subscription._write_guarded({"billing_status": "suspended"})
        self.assertEqual(self.soften(FRIDAY + DAY), "suspended")

    def test_a_promise_holds_until_its_moment_and_brings_back(self):
        self.subscription._billing_promise(FRIDAY, "On Friday")
        self.subscription._write_guarded({"billing_status": "suspended"})
        self.assertEqual(self.soften(FRIDAY - DAY), "overdue")
        self.assertEqual(self.soften(FRIDAY), "suspended")
        domain = [("kind", "=", "billing_promised")]
        event = self.env["saas.event"].search(domain, limit=1)
        self.assertEqual(event.instance_id, self.subscription.instance_id)

    def test_nothing_else_is_softened(self):
        for status in ("trial", "paid", "payment_required", "overdue"):
            self.assertEqual(self.soften(FRIDAY + DAY, status), status)


@tagged("post_install", "-at_install")
class TestTermination(BooksCase):
    def setUp(self):
        super().setUp()
        self.subscription.company_id.resource_calendar_id = False
        self.server.overdue_ids = [Command.create({"days": 30, "action": "terminate"})]
        self.bill("10.00")

    def look(self, days, times=2):
        """Look at the account so many days after its bill."""
        now = datetime(2026, 1, 1, 12) + days * DAY
        with patch.object(SaasGuardedMixin, "_saas_now", lambda _: now):
            for _ in range(times):
                self.account._job_converge()
        return self.subscription.killbill_order_ids.filtered(
            lambda order: order.kind == "stop"
        )

    def test_what_is_never_paid_ends_when_its_days_are_over_and_once(self):
        self.assertFalse(self.look(29))
        self.assertEqual(self.subscription.billing_status, "suspended")
        stop = self.look(30, times=4)
        self.assertEqual(stop.mapped("state"), ["done"])
        self.assertIn(("cancel", "IMMEDIATE"), self.there.asked)
        event = self.env["saas.event"].search([("kind", "=", "stop_ordered")])
        self.assertEqual(event.instance_id, self.subscription.instance_id)

    def test_what_is_paid_in_time_goes_on(self):
        self.look(29)
        self.pay(self.moves)
        self.assertFalse(self.look(31, times=3))

    def test_nobody_ends_who_was_not_suspended_before(self):
        self.subscription._billing_promise(datetime(2026, 3, 1), "In March")
        self.assertFalse(self.look(40))
        self.assertTrue(self.look(70, times=3))

    def test_where_no_day_is_named_nothing_ends(self):
        self.server.overdue_ids.filtered(lambda one: one.days == 30).unlink()
        self.assertFalse(self.look(300))

    def test_a_refusal_is_left_to_staff(self):
        self.there.refused["cancel"] = Refused("No.")
        stop = self.look(30, times=5)
        self.assertEqual(stop.mapped("state"), ["refused"])
