"""An instance goes to another customer in the middle of a month."""

from odoo.tests import tagged

from .common import StoryCase
from .world import TRIAL_DAYS


@tagged("post_install", "-at_install")
class TestHandOver(StoryCase):
    def test_who_gives_gets_the_rest_back_and_who_takes_pays_from_then_on(self):
        paul = self.subscribe()
        self.live(TRIAL_DAYS)
        paul.pay()
        begin, end = self.now.date(), paul.get("paid_until").date()
        before = paul.data

        self.live(10)
        rest = (end - self.now.date()).days / (end - begin).days
        given_back = round(10.0 * rest, 2)
        rosa = paul.hand_over()
        self.assertEqual(rosa.status, ["payment_required", "running"])
        self.assertEqual(rosa.data, before)
        self.assertEqual(rosa.invoices, [10.0])
        self.assertEqual(paul.invoices, [10.0, -given_back])
        paul.assert_agrees(owed=-given_back)
        rosa.assert_agrees(owed=10.0)

        rosa.pay()
        self.assertEqual(rosa.status, ["paid", "running"])
        rosa.assert_agrees()
