import hashlib
import hmac
import secrets
import threading
import time
from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.saas_master.tools.counting import count_into

# What Kill Bill could not hand over is sent to the address of its time for so long.
OVERLAP = timedelta(hours=48)
PATH = "/saas/killbill/webhook/"
# Seconds between two times that a process writes down how many it refused
TOLD_EVERY = 60


class Tally:
    """Counts in memory, and hands over the sum once in a while: a flood costs no more.

    :param float every: seconds
    """

    def __init__(self, every):
        self._every, self._count, self._told = every, 0, None
        self._lock = threading.Lock()

    def add(self):
        """Count one more; return the sum where it is time to write it down, or 0."""
        with self._lock:
            self._count += 1
            now = time.monotonic()
            if self._told is not None and now - self._told < self._every:
                return 0
            count, self._count, self._told = self._count, 0, now
            return count


refused = Tally(TOLD_EVERY)


class SaasKillbillServer(models.Model):
    """Where Kill Bill tells what has happened, and how it is known.

    The secret is in the address alone: `web` has its hash, Kill Bill the address.
    """

    _inherit = "saas.killbill.server"

    webhooks_at = fields.Char(
        string="Webhooks at",
        help="The platform's inner entry, as Kill Bill reaches it; empty for none.",
    )
    webhook_hash = fields.Char(readonly=True, copy=False, groups="base.group_system")
    webhook_hash_before = fields.Char(
        readonly=True, copy=False, groups="base.group_system"
    )
    webhook_renewed_at = fields.Datetime(string="Secret Renewed", readonly=True)
    webhook_count = fields.Integer(compute="_compute_webhook_count")
    webhook_refused = fields.Integer(
        string="Refused Webhooks",
        readonly=True,
        help="That came with a secret that nobody knows. Written down once a minute.",
    )

    def _compute_webhook_count(self):
        count_into(self, "webhook_count", "saas.killbill.webhook", "server_id")

    # === WHO TELLS === #

    @api.model
    def _find_by_webhook_secret(self, secret):
        """Return the server that knows a secret, compared in constant time."""
        found, now = _hash(secret), fields.Datetime.now()
        known = self.browse()
        for server in self.search([("state", "!=", "closed")], limit=100):
            hashes = [server.webhook_hash]
            renewed = server.webhook_renewed_at
            if renewed and now - renewed < OVERLAP:
                hashes.append(server.webhook_hash_before)
            for one in hashes:
                if hmac.compare_digest(one or "", found):
                    known = server
        return known

    @api.model
    def _count_refused(self):
        """Count a webhook whose secret nobody knows, and tell the managers."""
        count = refused.add()
        servers = self.search([("state", "!=", "closed")]) if count else self
        for server in servers.try_lock_for_update(allow_referencing=True):
            server._write_guarded({"webhook_refused": server.webhook_refused + count})
            self.env["saas.alarm"]._ring(
                "webhook_refused",
                self.env._("Webhooks are refused"),
                self.env._(
                    "Somebody sends webhooks with a secret that nobody knows. If that "
                    "is Kill Bill, press “Set Up” on the page of %(name)s, which has "
                    "their number; if not, see who reaches %(url)s.",
                    name=server.name,
                    url=server.webhooks_at or PATH,
                ),
            )

    def _note_webhook(self, webhook):
        """Write down that it came, and look at the account soon.

        :param Webhook webhook: never believed, and never taken for one that came before
        """
        self.env["saas.killbill.webhook"]._create_guarded(
            [
                {
                    "server_id": self.id,
                    "kind": webhook.kind,
                    "account": webhook.account_id,
                    "object": webhook.object_id,
                }
            ]
        )
        if webhook.account_id:
            domain = [("killbill_id", "=", webhook.account_id)]
            accounts = self.env["saas.killbill.account"].sudo()
            accounts.search([*domain, ("server_id", "=", self.id)])._wake()

    # === WHERE === #

    def _ensure_webhooks(self, client):
        """Have Kill Bill tell us and nobody else.

        :param KillBill client: the way to it
        :return: what was changed, in words
        """
        if not self.webhooks_at:
            return []
        base = self.webhooks_at.rstrip("/") + PATH
        before, _, secret = client.tenants.callback().rpartition("/")
        if f"{before}/" == base and _hash(secret) == self.sudo().webhook_hash:
            return []
        self._renew_webhook_secret(client)
        return [self.env._("webhooks come here from now on")]

    def _renew_webhook_secret(self, client):
        """Have Kill Bill show another secret; the one of before holds for a while."""
        secret = secrets.token_urlsafe(32)
        self._write_guarded(
            {
                "webhook_hash_before": self.sudo().webhook_hash,
                "webhook_hash": _hash(secret),
                "webhook_renewed_at": fields.Datetime.now(),
            }
        )
        # Committed before Kill Bill knows it, as it tells us of that at once.
        self.env.cr.commit()  # pylint: disable=invalid-commit
        client.tenants.set_callback(self.webhooks_at.rstrip("/") + PATH + secret)


class SaasKillbillWebhook(models.Model):
    """What Kill Bill has told, as it told it: for who looks why."""

    _name = "saas.killbill.webhook"
    _description = "Webhook of Kill Bill"
    _inherit = ["saas.guarded.mixin"]
    _order = "id desc"
    _rec_name = "kind"
    _saas_guarded = frozenset({"server_id", "kind", "account", "object"})
    _saas_web_creates = _saas_guarded

    create_date = fields.Datetime(string="Came", index=True)
    server_id = fields.Many2one(
        "saas.killbill.server", required=True, readonly=True, ondelete="cascade"
    )
    kind = fields.Char(required=True, readonly=True)
    account = fields.Char(readonly=True, index=True)
    object = fields.Char(readonly=True)

    @api.autovacuum
    def _gc_webhooks(self):
        old = self.search([("create_date", "<", "-30d")], limit=10000)
        old.unlink()
        return len(old), len(old) == 10000  # more are left


def _hash(secret):
    return hashlib.sha256(secret.encode()).hexdigest()
