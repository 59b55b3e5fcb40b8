"""A cancellation, one that is taken back, and what it ends."""

from odoo.tests import tagged

from .common import StoryCase
from .world import TRIAL_DAYS


@tagged("post_install", "-at_install")
class TestCancels(StoryCase):
    def test_a_cancellation_is_taken_back_and_given_again(self):
        gina = self.subscribe()
        self.live(TRIAL_DAYS)
        gina.pay()
        end = gina.get("paid_until")

        gina.ask("_billing_cancel")
        self.assertEqual(gina.get("cancel_at"), end)
        self.live(3)
        gina.ask("_billing_undo_cancel")
        self.assertFalse(gina.get("cancel_at"))
        gina.assert_agrees()

        self.live(3)
        gina.ask("_billing_cancel")
        self.assertEqual(gina.get("cancel_at"), end)
        self.assertEqual(gina.status, ["paid", "running"])

        self.live_until(end)
        self.assertEqual(gina.status, ["paid", "terminated"])
        self.assertEqual(gina.invoices, [10.0])
        gina.assert_agrees()

    def test_a_trial_that_is_cancelled_ends_and_costs_nothing(self):
        hugo = self.subscribe()
        hugo.ask("_billing_cancel")
        self.live(TRIAL_DAYS)
        self.assertEqual(hugo.status[1], "terminated")
        self.assertEqual(hugo.invoices, [])
        hugo.assert_agrees()
