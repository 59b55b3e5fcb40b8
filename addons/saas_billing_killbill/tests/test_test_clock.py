"""What is due goes by the clock of a Kill Bill in test mode; nothing else does."""

from datetime import datetime, timedelta

from odoo import fields
from odoo.tests import tagged

from .books_common import BooksCase


@tagged("post_install", "-at_install")
class TestTestClock(BooksCase):
    def setUp(self):
        super().setUp()
        self.server._try_connection()

    def move(self, days):
        """Move the clock; whoever is looked at next sees it."""
        self.killbill.days_ahead = days
        self.account._job_converge()

    def assert_days_ahead(self, days):
        ahead = self.server._saas_now() - datetime.now()
        self.assertAlmostEqual(ahead / timedelta(days=1), days, delta=0.01)

    def test_what_is_due_follows_it_there_and_back(self):
        for days in (0, 40, 41, 0):
            self.move(days)
            self.assert_days_ahead(days)

    def test_a_trial_begins_and_ends_by_it(self):
        self.move(40)
        begun = self.request_instance().subscription_id
        self.assertGreater(begun.trial_end, datetime.now() + timedelta(days=40))

    def test_what_only_happens_is_noted_by_real_time(self):
        self.move(40)
        instance = self.subscription.instance_id
        instance._update_status({instance.status}, "running")
        self.assertLess(instance.last_state_change, datetime.now() + timedelta(days=1))
        self.assertLess(self.account.synced_at, datetime.now() + timedelta(days=1))

    def test_a_minute_more_or_less_is_not_written_down(self):
        self.move(40)
        before = self.server.clock_ahead
        self.move(40 + 30 / 86400)
        self.assertEqual(self.server.clock_ahead, before)

    def test_where_real_customers_pay_nothing_follows_it(self):
        self.move(40)
        self.server.is_production = True
        self.assert_days_ahead(0)
        self.killbill.is_in_test_mode = False
        self.server._try_connection()
        self.assertFalse(self.server.is_in_test_mode)
        self.move(50)
        self.assert_days_ahead(0)

    def test_people_see_where_it_stands(self):
        self.move(40)
        ahead = self.server.clock - fields.Datetime.now()
        self.assertAlmostEqual(ahead / timedelta(days=1), 40, delta=0.01)
