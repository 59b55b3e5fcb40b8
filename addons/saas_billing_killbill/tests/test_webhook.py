"""What Kill Bill tells is noted at once, and looked at soon."""

import json
import logging
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.saas_master.tests.common import SaasCommon

from .. import post_load
from ..models import saas_killbill_webhook
from ..models.saas_killbill_webhook import PATH, Tally
from .access_lines import make_server

ACCOUNT = "0f0f0f0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f"


class FakeTenants:
    """Where webhooks go."""

    def __init__(self):
        self.told = ""

    def callback(self):
        return self.told

    def set_callback(self, url):
        self.told = url


class FakeClient:
    def __init__(self):
        self.tenants = FakeTenants()


@tagged("post_install", "-at_install")
class TestWebhook(SaasCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = make_server(cls.env)
        cls.server._write_guarded({"webhooks_at": "http://127.0.0.1:18070"})
        cls.account = cls.env["saas.killbill.account"]._find_or_create(
            cls.server, cls.env.company.partner_id, cls.env.company.currency_id
        )
        cls.account._write_guarded({"killbill_id": ACCOUNT})

    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(self.env.cr, "commit"))
        self.client = FakeClient()
        self.server._ensure_webhooks(self.client)

    def get_secret(self):
        return self.client.tenants.told.rpartition("/")[2]

    def tell(self, secret=None, body=None, **changes):
        """Send what Kill Bill sends; return the status of the answer."""
        webhook = {
            "eventType": "INVOICE_CREATION",
            "accountId": ACCOUNT,
            "objectType": "INVOICE",
            "objectId": ACCOUNT,
            "metaData": None,
        }
        body = json.dumps(webhook | changes).encode() if body is None else body
        path = PATH + (self.get_secret() if secret is None else secret)
        with mute_logger("odoo.http"):
            answer = self.url_open(path, body, headers=self.headers, method="POST")
        return answer.status_code

    headers = {
        "Content-Type": "application/json; charset=UTF-8",
        "Connection": "Upgrade, HTTP2-Settings",
        "Upgrade": "h2c",
        "HTTP2-Settings": "AAEAAEAA",
    }

    def get_jobs(self):
        key = f"saas.killbill.account-{self.account.id}"
        return self.env["queue.job"].search_count([("identity_key", "=", key)])

    def test_what_comes_is_noted_each_time_and_looked_at_once(self):
        for _ in range(3):
            self.assertEqual(self.tell(), 200)
        noted = self.env["saas.killbill.webhook"].search([])
        self.assertEqual(noted.mapped("kind"), ["INVOICE_CREATION"] * 3)
        self.assertEqual(noted.mapped("account"), [ACCOUNT] * 3)
        self.assertEqual(self.get_jobs(), 1)

    def test_what_is_of_nobody_we_know_is_taken_all_the_same(self):
        for changes in (
            {"accountId": None, "eventType": "TENANT_CONFIG_CHANGE"},
            {"accountId": "a1" * 16},
            {"eventType": "SOMETHING_NEW"},
        ):
            self.assertEqual(self.tell(**changes), 200, changes)
        self.assertEqual(self.get_jobs(), 1)

    def test_a_wrong_secret_is_told_nothing(self):
        for secret in ("wrong", "%00", "a" * 5000):
            self.assertEqual(self.tell(secret=secret), 404)
        self.server.state = "closed"
        self.assertEqual(self.tell(), 404)
        self.assertFalse(self.env["saas.killbill.webhook"].search([]))

    def test_wrong_secrets_are_counted_once_a_minute_and_told(self):
        with patch.object(saas_killbill_webhook, "refused", Tally(60)):
            for _ in range(3):
                self.assertEqual(self.tell(secret="wrong"), 404)
        self.assertEqual(self.server.webhook_refused, 1)
        with patch.object(saas_killbill_webhook, "refused", Tally(0)):
            for _ in range(2):
                self.assertEqual(self.tell(secret="wrong"), 404)
        self.assertEqual(self.server.webhook_refused, 3)
        told = self.env["saas.event"].search([("kind", "=", "webhook_refused")])
        self.assertEqual(len(told), 1)
        self.assertNotIn("wrong", told.message)

    def test_what_came_meanwhile_is_counted_with_the_next(self):
        tally, now = Tally(60), "time.monotonic"
        with patch(now, lambda: 100.0):
            self.assertEqual([tally.add() for _ in range(3)], [1, 0, 0])
        with patch(now, lambda: 161.0):
            self.assertEqual(tally.add(), 3)

    def test_what_is_none_of_kill_bills_is_refused(self):
        for body in (b"", b"no json", b"[]", b" " * 20000, b"\xff"):
            self.assertEqual(self.tell(body=body), 400, body[:10])
        self.assertFalse(self.env["saas.killbill.webhook"].search([]))

    def test_the_secret_of_before_holds_for_two_days(self):
        before = self.get_secret()
        self.server._renew_webhook_secret(self.client)
        self.assertNotEqual(self.get_secret(), before)
        self.assertEqual(self.tell(secret=before), 200)
        self.assertEqual(self.tell(), 200)
        late = fields.Datetime.now() - timedelta(hours=49)
        self.server._write_guarded({"webhook_renewed_at": late})
        self.assertEqual(self.tell(secret=before), 404)
        self.assertEqual(self.tell(), 200)

    def test_webhooks_that_were_sent_elsewhere_by_hand_come_back(self):
        self.assertEqual(self.server._ensure_webhooks(self.client), [])
        self.client.tenants.told = "http://elsewhere.test/hook"
        self.assertTrue(self.server._ensure_webhooks(self.client))
        self.assertEqual(self.tell(), 200)

    def test_no_line_of_the_log_has_the_secret(self):
        log = logging.getLogger("werkzeug")
        before = [*log.filters]
        post_load()
        try:
            line = f'127.0.0.1 "POST {PATH}{self.get_secret()} HTTP/1.1" 200'
            record = log.makeRecord("werkzeug", logging.INFO, "", 0, line, (), None)
            log.filter(record)
        finally:
            log.filters[:] = before
        self.assertIn(f"POST {PATH}... HTTP", record.getMessage())
