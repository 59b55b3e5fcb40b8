"""Who saw what: a log that was read and a link that was followed are noted."""

from odoo.tests import tagged

from .access_common import AccessCase


@tagged("post_install", "-at_install")
class TestEvents(AccessCase):
    def get_events(self, kind):
        return self.env["saas.event"].search(
            [("kind", "=", kind), ("instance_id", "=", self.instance.id)]
        )

    def test_whoever_reads_a_log_is_noted(self):
        support = self.users["support"]
        ways = (
            self.instance.with_user(support).action_show_log,
            lambda: (
                self.env["saas.api"]
                .with_user(support)
                .instance_logs(self.instance.subdomain)
            ),
        )
        for count, read in enumerate(ways, 1):
            read()
            self.assertEqual(len(self.get_events("log_read")), count)
        self.assertEqual(self.get_events("log_read").user_id, support)

    def test_whoever_made_the_link_that_is_followed_is_noted(self):
        manager = self.users["manager"]
        tickets = self.env["saas.login.ticket"]
        link = tickets.with_user(manager)._issue(self.instance, "support", "Ticket 1")
        self.assertFalse(self.get_events("login"))
        ticket = tickets._spend(link["url"].rpartition("#")[2])
        ticket.invalidate_recordset()
        answer = self.env["saas.inquiry"].sudo()._answer_login(ticket.id)
        self.assertTrue(answer["token"])
        event = self.get_events("login")
        self.assertEqual(event.user_id, manager)
        self.assertIn("support", event.message)

    def test_a_link_opened_at_the_command_line_has_a_reason(self):
        api = self.env["saas.api"].with_user(self.users["manager"])
        self.assertIn("/saas/open#", api.instance_open(self.instance.subdomain)["url"])
        self.assertTrue(self.get_events("login_link").reason)
