from odoo import fields, models

from ..drivers.postgresql import PostgresqlDriver
from ..tools.settings import get_settings


class SaasDatabaseServer(models.Model):
    _name = "saas.database.server"
    _description = "Database Server"
    _inherit = ["saas.place.mixin", "saas.login.mixin"]
    _order = "name"

    name = fields.Char(required=True)
    region_id = fields.Many2one("saas.region", required=True, ondelete="restrict")
    host = fields.Char(required=True)
    port = fields.Integer(required=True, default=5432)
    admin_login = fields.Char(required=True)
    tenant_host = fields.Char(
        string="Host for Tenants",
        help="Where tenants reach it, if not where the master does: a PgBouncer, or "
        "its address in their network. Given once, with port and authority: tenants "
        "would send their data elsewhere. `make change-place`, by root, changes them.",
    )
    tenant_port = fields.Integer(string="Port for Tenants")
    ca_certificate = fields.Text(
        string="Authority",
        help="The certificate (PEM) that its own is signed by. With it, tenants of a "
        "swarm talk to nobody else: TLS, with the name in the certificate checked.",
    )
    max_databases = fields.Integer(default=200, required=True)
    max_connections = fields.Integer(
        default=100,
        required=True,
        help="Connections that all tenants together may hold.",
    )
    connections_per_database = fields.Integer(
        default=3,
        required=True,
        help="Connections that placement counts for one tenant. A tenant's own limit "
        "is higher, as few of them are busy at the same moment.",
    )
    max_gigabytes = fields.Integer(string="Capacity (GB)", default=100, required=True)
    version = fields.Integer(readonly=True, copy=False)
    database_count = fields.Integer(readonly=True, copy=False)
    used_mb = fields.Integer(string="Used (MiB)", readonly=True, copy=False)
    last_seen = fields.Datetime(readonly=True, copy=False)

    _address_uniq = models.Constraint(
        "UNIQUE (host, port)", "This database server is known already."
    )
    _room_check = models.Constraint(
        "CHECK (max_databases >= 0 AND max_connections >= 0 AND max_gigabytes >= 0 "
        "AND connections_per_database > 0)",
        "A tenant needs at least one connection; no limit is below nothing.",
    )
    _port_check = models.Constraint(
        "CHECK (port BETWEEN 1 AND 65535 AND tenant_port BETWEEN 0 AND 65535)",
        "A port is a number from 1 to 65535.",
    )

    def _get_driver(self):
        """Build the driver of this server; the one place that tests replace."""
        self._check_talked_to()
        return PostgresqlDriver(
            host=self.host,
            port=self.port,
            login=self.admin_login,
            password=self._get_admin_password(),
            platform=get_settings().platform,
        )

    def _get_address(self):
        self.ensure_one()
        return self.admin_login, self.host, self.port

    def _get_tenant_address(self):
        """Return host and port that tenants' Odoo connects to."""
        self.ensure_one()
        return self.tenant_host or self.host, self.tenant_port or self.port

    def _has_room_for(self, count):
        """Tell whether one more database fits.

        :param int count: databases that are placed here already
        """
        self.ensure_one()
        return (
            count < self.max_databases
            and (count + 1) * self.connections_per_database <= self.max_connections
            and self.used_mb * 1024**2 < self.max_gigabytes * 1000**3
        )
