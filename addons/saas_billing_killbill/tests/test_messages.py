"""Customers are told by mail what happens, once for each thing."""

from datetime import datetime, time, timedelta
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.saas_master.models.saas_guarded_mixin import SaasGuardedMixin

from .books_common import BooksCase


@tagged("post_install", "-at_install")
class TestMessages(BooksCase):
    def setUp(self):
        super().setUp()
        self.subscription.partner_id.email = "ann@acme.test"
        self.name = self.subscription.instance_id.subdomain
        self.be(phase="EVERGREEN")
        self.told = self.env["mail.mail"].search([]).ids

    def get_news(self):
        """Return the subjects of what was sent since this was asked last."""
        mails = self.env["mail.mail"].search([("id", "not in", self.told)], order="id")
        self.told += mails.ids
        for mail in mails:
            self.assertEqual(mail.recipient_ids, self.subscription.partner_id)
            self.assertEqual(mail.state, "outgoing")
        return [mail.subject.replace(self.name, "it") for mail in mails]

    def follow(self, **changes):
        """Have Kill Bill say that something else is true."""
        pending = changes.pop("pending", self.subscription.pending_plan_id)
        before = self.subscription._get_billing_state()
        state = type(before)(**{**vars(before), **changes})
        self.subscription._follow_killbill(state, pending)

    def look(self, days):
        """Look at the account some days after the bill."""
        day = self.there.billed["invoice-1"].on + timedelta(days=days)
        now = datetime.combine(day, time(12))
        with patch.object(SaasGuardedMixin, "_saas_now", lambda _: now):
            self.converge()

    def test_a_bill_is_sent_with_the_way_to_pay_it(self):
        self.bill("10.00")
        self.look(days=0)
        self.assertEqual(self.get_news(), [f"Your bill {self.moves.name}"])
        body = self.env["mail.mail"].search([], order="id desc", limit=1).body_html
        self.assertIn("11.90", body)
        self.assertIn(f"access_token={self.moves.access_token}", body)
        self.look(days=0)
        self.assertEqual(self.get_news(), [])

    def test_who_owes_is_reminded_once_on_each_of_the_days(self):
        self.bill("10.00")
        self.look(days=0)
        self.get_news()
        for day, news in ((2, 0), (3, 1), (4, 0), (9, 1), (10, 0)):
            self.look(days=day)
            self.assertEqual(self.get_news(), ["it has not been paid"] * news, day)
        self.assertEqual(self.subscription.reminders_sent, 2)
        self.look(days=14)
        self.assertEqual(self.get_news(), ["it is suspended"])

        self.pay(self.moves)
        self.look(days=14)
        self.assertEqual(self.get_news(), ["it is paid"])
        self.assertEqual(self.subscription.reminders_sent, 0)

    def test_who_promised_to_pay_is_not_reminded_before(self):
        self.bill("10.00")
        until = self.there.billed["invoice-1"].on + timedelta(days=8)
        self.subscription._billing_promise(datetime.combine(until, time()), "Soon")
        self.look(days=0)
        self.get_news()
        self.look(days=7)
        self.assertEqual(self.get_news(), [])
        self.look(days=8)
        self.assertEqual(self.get_news(), ["it has not been paid"])

    def test_what_is_written_off_is_no_payment(self):
        self.bill("10.00")
        self.look(days=0)
        self.get_news()
        self.subscription._billing_write_off("Moved away")
        self.look(days=0)
        self.assertEqual(self.get_news(), [])

    def test_a_cancellation_its_undoing_and_the_end_are_told(self):
        self.follow(cancel_at=datetime(2026, 2, 1))
        self.follow(cancel_at=None)
        self.follow(cancel_at=datetime(2026, 2, 1))
        self.follow(cancel_at=None, ended_at=datetime(2026, 2, 1))
        self.follow()
        self.assertEqual(
            self.get_news(),
            [
                "it ends on 02/01/2026",
                "it goes on",
                "it ends on 02/01/2026",
                "it has ended",
            ],
        )

    def test_another_plan_is_told_when_it_is_ordered_and_when_it_comes(self):
        smaller = self.plan.copy({"code": "smaller", "name": "Smaller"})
        self.follow(pending=smaller)
        self.follow(plan="smaller", pending=self.env["saas.plan"])
        self.assertEqual(
            self.get_news(), ["it gets the plan Smaller", "it has the plan Smaller"]
        )

    def test_who_has_no_address_is_told_at_that_of_the_instance(self):
        self.subscription.partner_id.email = False
        self.follow(cancel_at=datetime(2026, 2, 1))
        mail = self.env["mail.mail"].search([], order="id desc", limit=1)
        self.assertFalse(mail.recipient_ids)
        self.assertEqual(mail.email_to, self.subscription.instance_id.email)

    def test_staff_may_do_without_a_message(self):
        self.env.ref("saas_billing_killbill.mail_template_cancelled").unlink()
        self.follow(cancel_at=datetime(2026, 2, 1))
        self.assertEqual(self.get_news(), [])
