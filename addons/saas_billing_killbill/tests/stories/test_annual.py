"""A year that is paid at once, and the next one."""

from odoo.tests import tagged

from .common import StoryCase
from .world import TRIAL_DAYS


@tagged("post_install", "-at_install")
class TestAnnual(StoryCase):
    def test_a_year_is_paid_at_once(self):
        ida = self.subscribe(period="annual")
        self.live(TRIAL_DAYS)
        self.assertEqual(ida.invoices, [100.0])
        begin = self.now.date()
        ida.pay()
        end = ida.get("paid_until").date()
        self.assertEqual((end.year, end.month), (begin.year + 1, begin.month))
        ida.assert_agrees()

        self.jump((end - begin).days - 1)
        self.assertEqual(ida.status, ["paid", "running"])
        self.live(1)
        self.assertEqual(ida.invoices, [100.0, 100.0])
        self.assertEqual(ida.status, ["payment_required", "running"])
        ida.pay()
        ida.assert_agrees()
