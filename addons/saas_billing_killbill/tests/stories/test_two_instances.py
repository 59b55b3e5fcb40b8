"""Two instances of one customer: who does not pay for one keeps the other."""

from odoo.tests import tagged

from .common import StoryCase
from .world import SUSPENDED, TRIAL_DAYS


@tagged("post_install", "-at_install")
class TestTwoInstances(StoryCase):
    def test_one_is_suspended_and_the_other_runs_on(self):
        first = self.subscribe()
        self.live(TRIAL_DAYS)
        first.pay()
        self.live(2)
        second = self.subscribe(owner=first, trial=False)
        second.pay()
        self.assertEqual(second.status, ["paid", "running"])

        self.live_until(second.get("paid_until"))
        first.pay()
        self.live(SUSPENDED)
        self.assertEqual(first.status, ["paid", "running"])
        self.assertEqual(second.status, ["suspended", "paused"])
        second.assert_agrees(owed=10.0)

        second.pay()
        self.assertEqual(second.status, ["paid", "running"])
        second.assert_agrees()
