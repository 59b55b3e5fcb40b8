"""Who was terminated comes back to what was kept, and pays first."""

from odoo.tests import tagged

from .common import StoryCase
from .world import TRIAL_DAYS


@tagged("post_install", "-at_install")
class TestComesBack(StoryCase):
    def test_who_comes_back_pays_first_and_has_no_trial(self):
        olga = self.subscribe()
        before = olga.data
        self.live(TRIAL_DAYS)
        olga.pay()
        olga.ask("_billing_cancel")
        self.live_until(olga.get("paid_until"))
        self.assertEqual(olga.status, ["paid", "terminated"])

        self.live(5)
        olga.ask("_reactivate")
        self.assertEqual(olga.status, ["payment_required", "terminated"])
        self.assertEqual(olga.invoices, [10.0, 10.0])
        olga.assert_agrees(owed=10.0)

        olga.pay()
        self.assertEqual(olga.status, ["paid", "running"])
        self.assertEqual(olga.data, before)
        olga.assert_agrees()
