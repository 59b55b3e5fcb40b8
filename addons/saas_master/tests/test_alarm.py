"""Managers hear of what goes wrong: once, by mail, and as an event."""

from datetime import timedelta

from odoo import fields
from odoo.tests import new_test_user, tagged

from .common import SaasCommon


@tagged("post_install", "-at_install")
class TestAlarm(SaasCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people = {
            group: new_test_user(
                cls.env,
                f"alarm_{group}",
                email=f"{group}@alarm.test",
                groups=f"saas_infra.group_{group}",
            ).partner_id
            for group in ("support", "manager", "operator")
        }

    def ring(self, text="It burns."):
        self.env["saas.alarm"]._ring("test_alarm", "Fire <b>", text)

    def mails(self):
        return self.env["mail.mail"].search([("subject", "=", "Fire <b>")])

    def events(self):
        return self.env["saas.event"].search([("kind", "=", "test_alarm")])

    def test_managers_and_operators_get_a_mail_and_support_none(self):
        self.ring("It <burns>.")
        [mail] = self.mails()
        self.assertIn(self.people["manager"], mail.recipient_ids)
        self.assertIn(self.people["operator"], mail.recipient_ids)
        self.assertNotIn(self.people["support"], mail.recipient_ids)
        self.assertIn("It &lt;burns&gt;.", mail.body_html)

    def test_an_alarm_is_an_event(self):
        self.ring()
        self.assertEqual(self.events().message, "Fire <b>: It burns.")

    def test_what_goes_on_is_told_once_in_some_hours(self):
        self.ring()
        self.ring()
        self.assertEqual(len(self.mails()), 1)
        self.assertEqual(len(self.events()), 1)
        self.ring("It burns elsewhere.")
        self.assertEqual(len(self.mails()), 2)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE saas_event SET create_date = %s WHERE kind = 'test_alarm'",
            [fields.Datetime.now() - timedelta(hours=7)],
        )
        self.ring()
        self.assertEqual(len(self.mails()), 3)

    def test_without_managers_nothing_breaks(self):
        group = self.env.ref("saas_infra.group_manager")
        group.all_user_ids.partner_id.write({"email": False})
        self.ring()
        self.assertFalse(self.mails())
        self.assertTrue(self.events())
