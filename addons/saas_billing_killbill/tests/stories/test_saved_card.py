"""A card that was saved in the portal pays by itself, until it is refused."""

from odoo.tests import tagged

from .common import StoryCase
from .world import TRIAL_DAYS


@tagged("post_install", "-at_install")
class TestSavedCard(StoryCase):
    def test_a_saved_card_pays_until_it_is_refused(self):
        tom = self.subscribe()
        self.live(TRIAL_DAYS)
        tom.pay_online(save=True)
        self.assertEqual(tom.status, ["paid", "running"])
        tom.assert_agrees()

        self.live_until(tom.get("paid_until"))
        self.assertEqual(tom.invoices, [10.0, 10.0])
        self.assertEqual(tom.status, ["paid", "running"])
        tom.assert_agrees()

        tom.lose_card()
        self.live_until(tom.get("paid_until"))
        self.assertEqual(tom.status, ["payment_required", "running"])
        self.live(3)
        self.assertEqual(tom.status, ["overdue", "running"])
        tom.assert_agrees(owed=10.0)

        tom.pay_online()
        self.assertEqual(tom.status, ["paid", "running"])
        tom.assert_agrees()
