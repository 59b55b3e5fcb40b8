"""A trial, and a customer who pays each month in time."""

from odoo.tests import tagged

from .common import StoryCase
from .world import TRIAL_DAYS


@tagged("post_install", "-at_install")
class TestPaysInTime(StoryCase):
    def test_a_trial_then_paid_in_time(self):
        ann = self.subscribe()
        self.assertEqual(ann.status, ["trial", "running"])
        self.assertEqual(ann.invoices, [])
        ann.assert_agrees()

        self.live(TRIAL_DAYS)
        self.assertEqual(ann.status, ["payment_required", "running"])
        self.assertEqual(ann.invoices, [10.0])
        ann.assert_agrees(owed=10.0)

        ann.pay()
        self.assertEqual(ann.status, ["paid", "running"])
        ann.assert_agrees()

        self.live_until(ann.get("paid_until"))
        self.assertEqual(ann.invoices, [10.0, 10.0])
        self.assertEqual(ann.status, ["payment_required", "running"])
        ann.pay()
        self.assertEqual(ann.status, ["paid", "running"])
        ann.assert_agrees()
