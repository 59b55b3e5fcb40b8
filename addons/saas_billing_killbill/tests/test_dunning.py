"""Who does not pay is suspended, but not before a promise, nor on a day off."""

from datetime import datetime, timedelta
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.saas_master.models.saas_guarded_mixin import SaasGuardedMixin

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
