"""A new price: for who begins, and from a day on for who is there."""

from datetime import timedelta

from odoo.tests import tagged

from .common import StoryCase
from .world import TRIAL_DAYS


@tagged("post_install", "-at_install")
class TestPriceChanged(StoryCase):
    def test_a_new_price_is_for_new_customers_or_for_all_from_a_day_on(self):
        self.sell("basic", 10.0)
        max_ = self.subscribe("basic")
        self.live(TRIAL_DAYS)
        max_.pay()

        self.sell("basic", 12.0)
        nora = self.subscribe("basic", trial=False)
        self.assertEqual(nora.invoices, [12.0])
        self.live_until(max_.get("paid_until"))
        self.assertEqual(max_.invoices, [10.0, 10.0])
        max_.pay()

        self.sell("basic", 14.0, prices_from=self.now + timedelta(days=10))
        self.live_until(max_.get("paid_until"))
        self.assertEqual(max_.invoices, [10.0, 10.0, 14.0])
        max_.assert_agrees(owed=14.0)
