import logging
import secrets

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.saas_infra.drivers.specs import MailLoginSpec, MailSpec

from .saas_plan import MAILS_PER_DAY

_logger = logging.getLogger(__name__)

# Whoever is none of these is suspended or gone: nothing leaves in its name.
SENDING = ("running", "stopped")


def get_sender(hostname):
    """Return as whom the relay sends the mail of an instance.

    :param str hostname: by its present name
    """
    return f"notifications@{hostname}"


class SaasInstance(models.Model):
    """The mail of an instance: it leaves by the relay of its cluster or not at all."""

    _inherit = "saas.instance"

    mails_per_day = fields.Integer(
        readonly=True,
        default=MAILS_PER_DAY,
        help="Recipients that it may write to in a day, all its mails together.",
    )
    may_send_mail = fields.Boolean(
        compute="_compute_may_send_mail",
        store=True,
        help="Not while it is suspended, nor in a trial that nobody has confirmed.",
    )
    mail_password_sealed = fields.Char(copy=False, groups="base.group_system")

    @api.depends("desired_status", "billing_status", "subscription_id.is_confirmed")
    def _compute_may_send_mail(self):
        for instance in self:
            billing = instance.billing_status
            instance.may_send_mail = (
                instance.desired_status in SENDING
                and billing != "suspended"
                and (billing != "trial" or instance.subscription_id.is_confirmed)
            )

    def _ensure_mail_password(self):
        """Give it a password at the relay, once."""
        self.ensure_one()
        if not self.sudo().mail_password_sealed:
            sealed = self._seal(secrets.token_urlsafe(32), "mail", self.uuid)
            self._write_guarded({"mail_password_sealed": sealed})

    def _get_mail_password(self):
        return self._unseal(self.sudo().mail_password_sealed, "mail", self.uuid)

    def _get_mail_address(self):
        """Return what it calls itself: its database knows it, whatever its name is."""
        return f"{self.service}@{self.cluster_id.base_domain}"

    def _get_mail_login_spec(self):
        """Describe its login at the relay."""
        self.ensure_one()
        return MailLoginSpec(
            mark=self._get_mark(),
            name=self.service,
            password=self._get_mail_password(),
            address=self._get_mail_address(),
            sender=get_sender(self.cluster_id._get_hostname(self.subdomain)),
            daily_limit=self.mails_per_day,
            enabled=self.may_send_mail,
        )

    def _get_mail_spec(self):
        """Describe how it sends mail; None before it has a login.

        :rtype: MailSpec|None
        """
        self.ensure_one()
        relay = self.cluster_id.relay_id
        if not relay or not self.sudo().mail_password_sealed:
            return None
        return MailSpec(
            host=relay.host,
            port=relay.port,
            login=self.service,
            password=self._get_mail_password(),
            address=self._get_mail_address(),
            tls=relay.tls,
        )

    def _apply_mail(self, reason):
        """Have the relay told, where it can be now; the reconciliation sees the rest.

        :param str reason: in words
        """
        for instance in self.filtered("ready_at"):
            try:
                instance._request("mail", reason=reason)
            except UserError as error:
                _logger.info("The mail of %s waits: %s", instance.subdomain, error)
