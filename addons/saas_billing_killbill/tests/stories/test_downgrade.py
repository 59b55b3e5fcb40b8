"""A smaller plan from the next term on, and one that no longer fits."""

from odoo.tests import tagged

from .common import StoryCase
from .world import TRIAL_DAYS


@tagged("post_install", "-at_install")
class TestDowngrade(StoryCase):
    def setUp(self):
        super().setUp()
        self.fred = self.subscribe("professional")
        self.live(TRIAL_DAYS)
        self.fred.pay()
        self.fred.change_plan("starter")

    def test_a_downgrade_comes_with_the_next_term(self):
        fred = self.fred
        self.assertEqual(fred.pending_plan, "starter")
        self.assertEqual(fred.plan, "professional")
        fred.assert_agrees()

        self.live_until(fred.get("paid_until"))
        self.assertEqual(fred.plan, "starter")
        self.assertFalse(fred.pending_plan)
        self.assertEqual(fred.invoices, [30.0, 10.0])
        fred.assert_agrees(owed=10.0)

    def test_a_downgrade_that_no_longer_fits_is_taken_back(self):
        fred = self.fred
        fred.use(gigabytes=15)
        self.live_until(fred.get("paid_until"))
        self.assertEqual(fred.plan, "professional")
        self.assertEqual(sum(fred.invoices), 60.0)
        self.assertEqual(fred.status, ["payment_required", "running"])
        fred.assert_agrees(owed=30.0)
