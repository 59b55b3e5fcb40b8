import logging
import re

from odoo import api, fields, models
from odoo.exceptions import UserError

_logger = logging.getLogger(__name__)

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_RESERVED = """
    admin api app apps assets auth autoconfig autodiscover billing blog cdn cname
    console dashboard db dev dns docs email ftp git grafana help imap internal
    kibana killbill localhost login mail master minio monitoring mx my news ns ns1
    ns2 odoo ops panel pgadmin pop portal postmaster private prometheus proxy public
    root saas secure security server shop signup smtp ssh ssl staging static status
    support sysadmin system test traefik vpn webmail wpad www
"""
RESERVED = frozenset(_RESERVED.split())


class SaasSubdomain(models.Model):
    """Every name that is in use or still leads somewhere, once."""

    _name = "saas.subdomain"
    _description = "Subdomain"
    _inherit = ["saas.guarded.mixin"]
    _order = "name"
    _saas_guarded = frozenset({"name", "instance_id", "redirect_until"})
    _saas_web_writes = frozenset({"redirect_until"})
    _saas_web_creates = frozenset({"name", "instance_id"})

    name = fields.Char(required=True, readonly=True)
    instance_id = fields.Many2one(
        "saas.instance", required=True, readonly=True, index=True, ondelete="cascade"
    )
    redirect_until = fields.Datetime(
        readonly=True, help="Set on an old name: it leads to the new one until then."
    )

    is_over = fields.Boolean(compute="_compute_is_over")

    _name_uniq = models.Constraint("UNIQUE (name)", "This subdomain is taken.")

    @api.depends("redirect_until")
    def _compute_is_over(self):
        now = self._saas_now()
        for name in self:
            name.is_over = bool(name.redirect_until and name.redirect_until <= now)

    @api.model
    def _cron_release_redirects(self):
        """Scheduled action: free the old names whose time is over.

        A name is free only when its route is gone: it could lead to a stranger's.
        """
        if self.env["saas.operation"]._is_frozen():
            return
        over = self.sudo().search([("redirect_until", "<=", self._saas_now())])
        for instance, names in over.grouped("instance_id").items():
            try:
                instance._request("release_names", names=names.ids)
            except UserError as error:  # It is being changed: the next run asks again.
                _logger.info("Old names of %s are kept: %s", instance.id, error)
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _check_name(self, name, instance=None):
        """Refuse a name that cannot be a subdomain, with the reason.

        RFC 1123 labels, 3 characters or more, no reserved word.

        :param str name: as typed
        :param instance: whose own old names are free for it
        :return: the name in lower case
        :raise UserError: with the reason
        """
        name = (name or "").strip().lower()
        reason = self._get_refusal(name, instance)
        if reason:
            raise UserError(reason)
        return name

    @api.model
    def _get_refusal(self, name, instance=None):
        if not name.isascii() or name.startswith("xn--"):
            return self.env._(
                'The subdomain "%s" has letters beyond a to z: addresses that look '
                "like another's are not given out.",
                name,
            )
        if not LABEL.fullmatch(name) or len(name) < 3:
            return self.env._(
                'The subdomain "%s" must have 3 to 63 letters, digits or hyphens, '
                "and begin and end with a letter or digit.",
                name,
            )
        if name in RESERVED:
            return self.env._('The subdomain "%s" is reserved.', name)
        own = instance.subdomain_ids.filtered("redirect_until") if instance else self
        if self.sudo().search([("name", "=", name)], limit=1) - own:
            return self.env._('The subdomain "%s" is taken.', name)
        return None
