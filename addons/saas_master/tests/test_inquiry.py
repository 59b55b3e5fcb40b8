from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import SaasCommon


@tagged("post_install", "-at_install")
class TestInquiry(SaasCommon):
    def test_what_nobody_answered_fails_in_words(self):
        late, fresh = (self.env["saas.inquiry"]._ask("reconcile") for _ in range(2))
        self.env.cr.execute(
            "UPDATE saas_inquiry SET create_date = create_date - interval '16 min' "
            "WHERE id = %s",
            [late.id],
        )
        self.env.invalidate_all()
        self.env["saas.operation"]._freeze("Hands off.")
        self.env["saas.operation"]._cron_repair_operations()
        self.assertEqual((late.state, fresh.state), ("failed", "waiting"))
        self.assertIn("Nobody answered.", late.message)

    def test_what_no_dialog_asks_is_not_asked_again_by_one(self):
        for kind in ("reconcile", "login"):
            inquiry = self.env["saas.inquiry"]._ask(kind)
            with self.assertRaisesRegex(UserError, "at the command line"):
                inquiry.action_ask_again()
