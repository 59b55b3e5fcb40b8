"""A customer who pays once suspended, and is back at once with all data."""

from odoo.tests import tagged

from .common import StoryCase
from .world import SUSPENDED, TRIAL_DAYS


@tagged("post_install", "-at_install")
class TestPaysLate(StoryCase):
    def test_who_pays_late_is_back_with_all_data(self):
        cleo = self.subscribe()
        before = cleo.data
        self.live(TRIAL_DAYS + SUSPENDED)
        self.assertEqual(cleo.status, ["suspended", "paused"])
        cleo.assert_agrees(owed=10.0)

        cleo.pay()
        self.assertEqual(cleo.status, ["paid", "running"])
        self.assertEqual(cleo.data, before)
        cleo.assert_agrees()
