"""A one-time link lives ten minutes, and opens once."""

from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from .access_common import AccessCase


@tagged("post_install", "-at_install")
class TestLoginTicket(AccessCase):
    def setUp(self):
        super().setUp()
        self.now = fields.Datetime.now()
        self.tickets = self.env["saas.login.ticket"].with_user(self.users["manager"])
        self.link = self.issue()
        self.code = self.link["url"].partition("#")[2]

    def issue(self):
        with freeze_time(self.now):
            return self.tickets._issue(self.instance, "support", "Ticket 12")

    def spend(self, after):
        """Follow the link some time after it was made."""
        with freeze_time(self.now + after):
            return self.tickets._spend(self.code)

    def answer(self, ticket, after):
        """Have `jobs`, which has read nothing yet, sign what the tenant lets in."""
        self.env.invalidate_all()
        with freeze_time(self.now + after):
            return self.env["saas.inquiry"]._answer_login(ticket.id)

    def test_people_are_told_when_a_link_ends(self):
        end = fields.Datetime.to_datetime(self.link["expires"].replace("T", " "))
        self.assertEqual(end - self.now, timedelta(minutes=10))

    def test_a_link_opens_until_its_last_second(self):
        ticket = self.spend(after=timedelta(minutes=9, seconds=59))
        self.assertEqual(ticket.instance_id, self.instance)

    def test_a_link_opens_nothing_after_ten_minutes(self):
        for late in (timedelta(minutes=10), timedelta(days=1)):
            with self.subTest(late=late):
                self.assertFalse(self.spend(after=late))

    def test_a_link_that_was_followed_too_late_is_not_spent_by_that(self):
        self.spend(after=timedelta(minutes=10))
        self.assertFalse(self.tickets.sudo().search([("used", "=", True)]))

    def test_a_link_opens_once(self):
        self.assertTrue(self.spend(after=timedelta(minutes=1)))
        self.assertFalse(self.spend(after=timedelta(minutes=1)))

    def test_a_second_link_is_not_spent_by_the_first(self):
        other = self.issue()["url"].partition("#")[2]
        self.assertTrue(self.spend(after=timedelta(minutes=1)))
        with freeze_time(self.now):
            self.assertTrue(self.tickets._spend(other))

    def test_an_unknown_code_opens_nothing(self):
        self.code += "x"
        self.assertFalse(self.spend(after=timedelta(minutes=1)))

    def test_jobs_signs_for_a_link_that_was_followed_in_time(self):
        ticket = self.spend(after=timedelta(minutes=1))
        answer = self.answer(ticket, after=timedelta(minutes=9))
        self.assertIn("token-of-support-", answer["token"])

    def test_jobs_signs_nothing_after_ten_minutes_whatever_web_says(self):
        ticket = self.spend(after=timedelta(minutes=1))
        self.assertFalse(self.answer(ticket, after=timedelta(minutes=10)))

    def test_jobs_signs_nothing_for_a_link_that_nobody_followed(self):
        ticket = self.tickets.sudo().search([("instance_id", "=", self.instance.id)])
        self.assertFalse(self.answer(ticket, after=timedelta(minutes=1)))
