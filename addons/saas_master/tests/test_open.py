"""A link lets in once, and nothing that lets in is kept."""

import re
from unittest.mock import patch
from urllib.parse import urlsplit

from odoo.tests import HttpCase, tagged

from ..models.saas_inquiry import SaasInquiry
from .access_common import AccessCase


@tagged("post_install", "-at_install")
class TestOpen(AccessCase, HttpCase):
    def answer_at_once(self):
        """Let what is asked be answered as soon as it is."""
        ask = SaasInquiry._ask

        def ask_and_answer(inquiries, *arguments, **params):
            inquiry = ask(inquiries, *arguments, **params)
            inquiry._job_answer()
            return inquiry

        self.startPatcher(patch.object(SaasInquiry, "_ask", ask_and_answer))

    def follow(self, url):
        """Follow a link and press its button, as a browser does."""
        path, _, code = url.partition("#")
        page = self.url_open(urlsplit(path).path).text
        [token] = re.findall(r'name="csrf_token" value="([^"]+)"', page)
        [action] = re.findall(r'action="(/[^"]+)"', page)
        return self.url_open(action, data={"csrf_token": token, "code": code})

    def test_owner_and_support_enter_each_as_themselves(self):
        self.answer_at_once()
        tickets = self.env["saas.login.ticket"].with_user(self.users["manager"])
        for role in ("owner", "support"):
            with self.subTest(role=role):
                link = tickets._issue(self.instance, role, "Ticket 1")["url"]
                self.assertIn(f'value="token-of-{role}-', self.follow(link).text)

    def test_a_link_without_its_code_is_called_incomplete(self):
        for link in ("/saas/open", "/saas/open#"):
            with self.subTest(link=link):
                page = self.follow(link)
                self.assertEqual(page.status_code, 400)
                self.assertIn('<section id="incomplete">', page.text)
                self.assertIn('<section id="complete" hidden="hidden">', page.text)

    def test_the_token_is_forgotten_as_soon_as_it_was_handed_out(self):
        self.answer_at_once()
        tickets = self.env["saas.login.ticket"].with_user(self.users["manager"])
        link = tickets._issue(self.instance, "support", "Ticket 1")["url"]
        entered = self.follow(link)
        self.assertEqual(entered.status_code, 200)
        self.assertRegex(entered.text, r'name="token" value="[^"]+"')
        inquiry = self.env["saas.inquiry"].search([("kind", "=", "login")], limit=1)
        inquiry.invalidate_recordset()
        self.assertEqual(inquiry.state, "done")
        self.assertFalse(inquiry.answer)
        self.assertEqual(self.follow(link).status_code, 410)
