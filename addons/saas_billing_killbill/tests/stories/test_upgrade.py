"""A larger plan in the middle of a month, and none while something is owed."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import StoryCase
from .world import PRICES, TRIAL_DAYS


@tagged("post_install", "-at_install")
class TestUpgrade(StoryCase):
    def test_an_upgrade_in_the_middle_of_a_month_is_prorated_to_the_cent(self):
        dora = self.subscribe()
        self.live(TRIAL_DAYS)
        dora.pay()
        begin, end = self.now.date(), dora.get("paid_until").date()

        self.live(10)
        dora.change_plan("professional")
        self.assertEqual(dora.plan, "professional")
        rest = (end - self.now.date()).days / (end - begin).days
        more, less = (round(price * rest, 2) for price in reversed(PRICES.values()))
        self.assertEqual(round(sum(dora.invoices), 2), round(10.0 + more - less, 2))
        self.assertEqual(dora.status, ["payment_required", "running"])
        dora.assert_agrees(owed=round(more - less, 2))

        dora.pay()
        self.assertEqual(dora.status, ["paid", "running"])
        dora.assert_agrees()

    def test_nothing_larger_is_sold_to_who_owes(self):
        emil = self.subscribe()
        self.live(TRIAL_DAYS)
        with self.assertRaisesRegex(UserError, "owes"):
            emil.change_plan("professional")
        self.assertEqual(emil.plan, "starter")
        emil.assert_agrees(owed=10.0)

        emil.pay()
        emil.change_plan("professional")
        self.assertEqual(emil.plan, "professional")
        emil.pay()
        emil.assert_agrees()
