# The tenant's secret is committed before Kill Bill is told of it.
# pylint: disable=invalid-commit
import secrets
from contextlib import contextmanager

from odoo import api, fields, models

from odoo.addons.saas_infra.drivers.errors import (
    PermanentInfraError,
    RetryableInfraError,
)
from odoo.addons.saas_infra.tools.settings import get_settings

from ..killbill.client import KillBill
from ..killbill.errors import KillBillError, Unavailable

AUTHOR = "SaaSOdoo"


class SaasKillbillServer(models.Model):
    """A Kill Bill, in which this platform is a tenant."""

    _name = "saas.killbill.server"
    _description = "Kill Bill"
    _inherit = [
        "saas.login.mixin",
        "saas.place.mixin",
        "saas.connection.mixin",
        "saas.guarded.mixin",
    ]
    _order = "id"
    # Whoever could change an address would be told the login, or what happens.
    _saas_given = frozenset({"url", "webhooks_at"})
    _saas_web_creates = _saas_given
    _saas_guarded = _saas_given | {
        "version",
        "published_at",
        "webhook_hash",
        "webhook_hash_before",
        "webhook_renewed_at",
        "webhook_refused",
    }
    _saas_web_writes = frozenset({"webhook_refused"})

    name = fields.Char(required=True, default="Kill Bill")
    url = fields.Char(
        string="Address",
        required=True,
        help="Such as http://127.0.0.1:18048. Given once: the login is sealed for it.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company,
        help="Its prices are published, and its books are kept.",
    )
    tenant_secret_sealed = fields.Char(copy=False, groups="base.group_system")
    version = fields.Char(readonly=True)
    last_seen = fields.Datetime(readonly=True)
    published_at = fields.Datetime(
        string="Published", readonly=True, help="When plans were published last."
    )
    bills_new = fields.Boolean(
        string="Bills New Subscriptions",
        help="Otherwise staff decide what is owed and paid. What began with one of "
        "both goes on with it.",
    )
    is_production = fields.Boolean(
        string="In Production",
        help="Real customers pay: a Kill Bill in test mode is refused, as its clock "
        "can be moved.",
    )
    overdue_ids = fields.One2many(
        "saas.overdue.state",
        "server_id",
        default=lambda self: self.env["saas.overdue.state"]._get_usual(),
    )

    _url_uniq = models.Constraint("UNIQUE (url)", "This Kill Bill is known already.")
    _company_uniq = models.Constraint(
        "UNIQUE (company_id)", "This company has a Kill Bill already."
    )

    @api.model
    def _find_billing(self, company):
        """Return the Kill Bill that bills what a company sells anew, if one does."""
        domain = [("company_id", "=", company.id), ("bills_new", "=", True)]
        return self.search([*domain, ("state", "=", "open")], limit=1)

    def _get_days(self, action):
        """Return after how many days something is first done, None for never."""
        return min(
            self.overdue_ids.filtered(lambda s: s.action == action).mapped("days"),
            default=None,
        )

    # === CONNECTION === #

    def _get_driver(self):
        """Return a client of the tenant; the one place that tests replace."""
        return self._get_client(tenant=(self._get_key(), self._get_secret()))

    def _get_operator_driver(self):
        """Return a client that may make the tenant."""
        return self._get_client(tenant=None)

    def _get_client(self, tenant):
        self._check_talked_to()
        login = self.admin_login, self._get_admin_password()
        return KillBill(self.url, login, tenant, author=AUTHOR)

    @contextmanager
    def _talking(self):
        """Talk to it as the tenant: its errors come as those of the platform.

        :raise InfraError: with the cure
        """
        with _in_our_words(), self._get_driver() as client:
            yield client

    def _try_connection(self):
        with _in_our_words():
            return super()._try_connection()

    def _look(self, driver):
        with driver:
            return {
                "version": driver.version(),
                "waiting_webhooks": len(driver.tenants.waiting_deliveries()),
            } | self._read_clock(driver)

    def _note(self, seen):
        kept = "version", "is_in_test_mode", "clock_ahead"
        values = {name: seen[name] for name in kept}
        self._write_guarded(values | {"last_seen": fields.Datetime.now()})

    def _get_address(self):
        return self.admin_login, self.url

    # === TENANT === #

    def _ensure_tenant(self):
        """Have the platform be a tenant there, however often this is asked.

        :raise InfraError: where Kill Bill does not take it
        """
        if not self.sudo().tenant_secret_sealed:
            sealed = self._seal(secrets.token_urlsafe(32), *self._get_tenant_purpose())
            self.sudo().tenant_secret_sealed = sealed
            self.env.cr.commit()
        with _in_our_words(), self._get_operator_driver() as client:
            client.tenants.ensure(self._get_key(), self._get_secret(), self._get_key())

    def _get_key(self):
        """Return the tenant's API key: the platform's, one for each company."""
        return f"saasodoo-{get_settings().platform}-{self.company_id.id}"

    def _get_secret(self):
        sealed = self.sudo().tenant_secret_sealed
        if not sealed:
            raise PermanentInfraError(
                f"{self.name} does not know this platform yet.",
                cure="Press “Set Up”, or saasctl billing setup.",
            )
        return self._unseal(sealed, *self._get_tenant_purpose())

    def _get_tenant_purpose(self):
        return "tenant", self._get_key(), self.url

    # === SET-UP === #

    def _set_up(self):
        """Have Kill Bill ready to bill: tenant, plans, overdue states and webhooks.

        :return: what was done, in words
        :rtype: list[str]
        """
        self._ensure_tenant()
        self._get_product()
        changes = self._publish()
        with self._talking() as client:
            return changes + self._ensure_webhooks(client)

    @api.model
    def _setup_embedded(self, facts):
        """Know the Kill Bill that set-up started beside the master.

        :param dict facts: its url, login and password
        """
        server = self.search([("url", "=", facts["url"])])
        if not server:
            server = self.create({"url": facts["url"], "admin_login": facts["login"]})
        server.admin_password = facts["password"]
        server._write_guarded({"webhooks_at": facts.get("webhooks_at")})

    def action_set_up(self):
        """Make this platform a tenant, and publish the plans."""
        return self._ask("killbill_setup")

    def action_compare(self):
        """Show what publishing would change."""
        return self._ask("killbill_compare")

    def _ask(self, kind, **params):
        self.env["saas.api"]._check_group("operator")
        self.ensure_one()
        asked = self.env["saas.inquiry"]._ask(kind, server=self.id, **params)
        return asked._show()


@contextmanager
def _in_our_words():
    """Raise what Kill Bill's client raises as an error of the platform's."""
    try:
        yield
    except KillBillError as error:
        kind = PermanentInfraError
        if isinstance(error, Unavailable):
            kind = RetryableInfraError
        raise kind(error.message, error.cure) from error
