import hashlib
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

LIFE_MINUTES = 10


class SaasLoginTicket(models.Model):
    """A link that opens an instance once, within ten minutes."""

    _name = "saas.login.ticket"
    _description = "One-time Link"
    _inherit = ["saas.guarded.mixin"]
    _saas_guarded = frozenset({"code_hash", "instance_id", "role", "expires", "used"})
    _saas_web_writes = frozenset({"used"})
    _saas_web_creates = frozenset({"code_hash", "instance_id", "role", "expires"})

    code_hash = fields.Char(required=True, readonly=True, index=True)
    instance_id = fields.Many2one(
        "saas.instance", required=True, readonly=True, ondelete="cascade"
    )
    role = fields.Selection(
        [("owner", "Owner"), ("support", "Support")], required=True, readonly=True
    )
    user_id = fields.Many2one("res.users", required=True, readonly=True)
    expires = fields.Datetime(required=True, readonly=True)
    used = fields.Boolean(readonly=True)

    @api.model
    def _issue(self, instance, role, reason):
        """Make a link for whoever asks.

        :param str role: ``owner`` or ``support``
        :param str reason: why, for the event log
        :raise UserError: where the instance does not run
        :return: url and end of life
        """
        if instance.status != "running":
            raise UserError(
                self.env._("%s does not run: start it first.", instance.subdomain)
            )
        if not (reason or "").strip():
            raise UserError(self.env._("Opening an instance needs a reason."))
        code = secrets.token_urlsafe(32)
        expires = fields.Datetime.now() + timedelta(minutes=LIFE_MINUTES)
        self._create_guarded(
            [
                {
                    "code_hash": self._hash(code),
                    "instance_id": instance.id,
                    "role": role,
                    "user_id": self.env.uid,
                    "expires": expires,
                }
            ]
        )
        self.env["saas.event"]._log(
            "login_link",
            self.env._("A link that enters as %s was made.", role),
            instance=instance,
            reason=reason,
        )
        base = self.env["ir.config_parameter"].sudo().get_param("web.base.url")
        return {"url": f"{base}/saas/open#{code}", "expires": expires.isoformat()}

    @api.model
    def _hash(self, code):
        return hashlib.sha256(code.encode()).hexdigest()

    @api.model
    def _spend(self, code):
        """Take the ticket of a code, once.

        :return: the ticket, or an empty set where it is unknown, used or over
        """
        self.env.cr.execute(
            """UPDATE saas_login_ticket SET used = TRUE
                WHERE code_hash = %s AND used IS NOT TRUE AND expires > %s
            RETURNING id""",
            [self._hash(code), fields.Datetime.now()],
        )
        row = self.env.cr.fetchone()
        return self.sudo().browse(row and row[0] or [])

    @api.autovacuum
    def _gc_tickets(self):
        old = self.search([("expires", "<", "-1d")], limit=1000)
        old.unlink()
        return len(old), len(old) == 1000  # more are left


class SaasInquiry(models.Model):
    _inherit = "saas.inquiry"

    def _answer_login(self, ticket):
        """Sign the token that the tenant lets in: 60 seconds, once."""
        ticket = self.env["saas.login.ticket"].browse(ticket).exists()
        if not ticket or not ticket.used or ticket.expires <= fields.Datetime.now():
            return {}
        instance = ticket.instance_id
        client = instance._get_tenant_client(direct=False)
        token = client.login_token(ticket.role, actor=ticket.user_id.login)
        # Whoever holds the link has no name here: it is who asked for it that answers.
        self.env["saas.event"].with_user(ticket.user_id)._log(
            "login",
            self.env._("A link that enters as %s was followed.", ticket.role),
            instance=instance,
        )
        return {"action": f"{instance.url}/saas/login", "token": token}

    def _redeem(self):
        """Hand the answer out once: what lets somebody in is not kept.

        :return: the state, and the answer where there is one
        """
        self.ensure_one()
        state, answer = self.state, self.answer
        if answer:
            self._write_guarded({"answer": False})
        return state, answer
