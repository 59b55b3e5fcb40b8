"""A payment that is given back is owed again; what is credited is not."""

from odoo.tests import tagged

from .common import StoryCase
from .world import TRIAL_DAYS


@tagged("post_install", "-at_install")
class TestRefund(StoryCase):
    def test_a_payment_that_is_given_back_is_owed_again(self):
        kim = self.subscribe()
        self.live(TRIAL_DAYS)
        paid = kim.pay()
        self.assertEqual(kim.status, ["paid", "running"])

        kim.get_back(paid)
        self.assertEqual(kim.status, ["payment_required", "running"])
        kim.assert_agrees(owed=10.0)

        kim.pay(5.95)
        kim.assert_agrees(owed=5.0)
        kim.pay()
        self.assertEqual(kim.status, ["paid", "running"])
        kim.assert_agrees()
