from odoo import api, fields, models

from ..drivers.postgresql import PostgresqlDriver
from ..tools.settings import get_settings


class SaasDatabaseServer(models.Model):
    _name = "saas.database.server"
    _description = "Database Server"
    _inherit = ["saas.place.mixin", "saas.sealed.mixin"]
    _order = "name"

    name = fields.Char(required=True)
    region_id = fields.Many2one("saas.region", required=True, ondelete="restrict")
    host = fields.Char(required=True)
    port = fields.Integer(required=True, default=5432)
    admin_login = fields.Char(required=True)
    admin_password_sealed = fields.Char(copy=False, groups="base.group_system")
    admin_password = fields.Char(
        compute="_compute_admin_password",
        inverse="_inverse_admin_password",
        groups="saas_infra.group_operator",
        help="Sealed as soon as it is saved; nobody can read it back here.",
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
        "CHECK (port BETWEEN 1 AND 65535)", "A port is a number from 1 to 65535."
    )

    @api.depends_context("uid")
    def _compute_admin_password(self):
        self.admin_password = False

    def _inverse_admin_password(self):
        for server in self:
            if server.admin_password:
                sealed = server._seal(server.admin_password, *server._get_address())
                server.sudo().admin_password_sealed = sealed

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

    def _get_admin_password(self):
        """Open the admin's password, for the address that it was entered for."""
        return self._unseal(self.sudo().admin_password_sealed, *self._get_address())

    def _get_address(self):
        self.ensure_one()
        return self.admin_login, self.host, self.port

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
