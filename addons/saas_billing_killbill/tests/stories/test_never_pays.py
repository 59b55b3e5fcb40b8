"""A trial that is never paid: reminded, suspended, terminated, and gone in the end."""

from odoo.tests import tagged

from .common import StoryCase
from .world import KEPT, SUSPENDED, TERMINATED, TRIAL_DAYS


@tagged("post_install", "-at_install")
class TestNeverPays(StoryCase):
    def test_a_trial_that_is_never_paid(self):
        ben = self.subscribe()
        self.live(TRIAL_DAYS)
        self.assertEqual(ben.status, ["payment_required", "running"])

        self.live(3)
        self.assertEqual(ben.status, ["overdue", "running"])
        self.live(SUSPENDED - 4)
        self.assertEqual(ben.status, ["overdue", "running"])

        self.live(1)
        self.assertEqual(ben.status, ["suspended", "paused"])
        ben.assert_agrees(owed=10.0)

        self.live(TERMINATED - SUSPENDED)
        self.assertEqual(ben.status[1], "terminated")
        self.assertTrue(ben.get("ended_at"))

        self.assertRegex(ben.news[0], "Your bill")
        # A short month ends on the same day, and is billed before.
        news = [one for one in ben.news if "Your bill" not in one]
        reminder = "it has not been paid"
        self.assertEqual(news, [reminder, reminder, "it is suspended", "it has ended"])

        self.live(KEPT - 1)
        self.assertFalse(ben.may_be_purged)
        self.live(1)
        self.assertTrue(ben.may_be_purged)
