"""What nobody will pay any more is written off when it ends."""

from odoo.tests import tagged

from .common import StoryCase
from .world import TRIAL_DAYS


@tagged("post_install", "-at_install")
class TestWriteOff(StoryCase):
    def test_what_is_owed_is_written_off_at_the_end(self):
        lea = self.subscribe()
        self.live(TRIAL_DAYS + 20)
        self.assertEqual(lea.status, ["suspended", "paused"])

        lea.ask("_billing_write_off", "Moved away")
        lea.ask("_billing_stop")
        self.assertEqual(lea.status[1], "terminated")
        self.assertEqual(lea.invoices[:2], [10.0, -10.0])
        lea.assert_agrees(owed=sum(lea.invoices))
