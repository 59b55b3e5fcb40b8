from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..drivers.process import ProcessDriver
from ..drivers.specs import DatabaseSpec
from ..tools.embedded import get_embedded
from ..tools.settings import get_settings


class SaasCluster(models.Model):
    _name = "saas.cluster"
    _description = "Cluster"
    _inherit = ["saas.remote.mixin", "saas.place.mixin"]
    _order = "name"

    name = fields.Char(required=True)
    kind = fields.Selection(
        [("process", "Processes of this machine")], required=True, default="process"
    )
    region_id = fields.Many2one("saas.region", required=True, ondelete="restrict")
    base_domain = fields.Char(
        required=True,
        help="Tenants answer at <subdomain>.<base domain>. It must not share a "
        "registrable domain with the master: cookies would.",
    )
    proxy_id = fields.Many2one("saas.proxy", required=True, ondelete="restrict")
    relay_id = fields.Many2one(
        "saas.mail.relay",
        string="Mail Relay",
        ondelete="restrict",
        help="By which the tenants' mail leaves; without one they send none. Given "
        "once, as their mail would go elsewhere; `make change-place`, by root, changes "
        "it.",
    )
    node_ids = fields.One2many("saas.node", "cluster_id")
    storage_ids = fields.One2many("saas.storage", "cluster_id")
    cpu_ratio = fields.Float(
        string="Cores Sold per Core",
        default=2.0,
        required=True,
        help="Memory is never sold twice; cores may be.",
    )
    cores = fields.Float(compute="_compute_capacity")
    memory_mb = fields.Integer(string="Memory (MiB)", compute="_compute_capacity")
    uid_base = fields.Integer(
        string="First User Id",
        required=True,
        default=200000,
        help="Each tenant runs under a numeric user id of its own, from here on.",
    )
    uid_count = fields.Integer(string="User Ids", required=True, default=10000)
    port_base = fields.Integer(string="First Port", required=True, default=20000)
    port_count = fields.Integer(string="Ports", required=True, default=2000)
    last_seen = fields.Datetime(readonly=True, copy=False)
    certified_until = fields.Datetime(related="proxy_id.certified_until")

    _name_uniq = models.Constraint(
        "UNIQUE (name)", "A cluster with this name exists already."
    )
    _numbers_check = models.Constraint(
        "CHECK (uid_base >= 100000 AND uid_count >= 0 AND port_base >= 1024 "
        "AND port_count >= 0 AND port_base + port_count <= 65536)",
        "User ids begin at 100000; ports are numbers from 1024 to 65535.",
    )
    _ratio_check = models.Constraint(
        "CHECK (cpu_ratio > 0)", "At least some of a core must be sold per core."
    )

    @api.depends("node_ids.cores", "node_ids.memory_mb", "node_ids.state", "cpu_ratio")
    def _compute_capacity(self):
        for cluster in self:
            nodes = cluster.node_ids.filtered(lambda node: node.state == "ready")
            cluster.cores = sum(nodes.mapped("cores")) * cluster.cpu_ratio
            cluster.memory_mb = sum(nodes.mapped("memory_mb"))

    @api.constrains("kind", "uid_base", "uid_count", "port_base", "port_count")
    def _check_numbers_apart(self):
        """Refuse numbers that another cluster gives to its tenants.

        User ids are told apart everywhere, as a storage may be mounted in several
        clusters; ports where they are this machine's.
        """
        every = self.search([("uid_count", ">", 0)])
        for cluster in self:
            for other in every - cluster:
                here = cluster.kind == other.kind == "process"
                if cluster._shares("uid", other) or (
                    here and cluster._shares("port", other)
                ):
                    raise ValidationError(
                        self.env._(
                            "%(one)s and %(other)s need user ids of their own, and "
                            "ports of their own where they are on the same machine.",
                            one=cluster.name,
                            other=other.name,
                        )
                    )

    def _shares(self, kind, other):
        base, count = f"{kind}_base", f"{kind}_count"
        end = min(self[base] + self[count], other[base] + other[count])
        return bool(range(max(self[base], other[base]), end))

    @api.model
    def _get_free_uid(self):
        """Return the first user id above all that clusters have."""
        every = self.search([("uid_count", ">", 0)])
        first = self.default_get(["uid_base"])["uid_base"]
        return max((one.uid_base + one.uid_count for one in every), default=first)

    def _get_helper(self):
        """Build the client of the root helper."""
        self.ensure_one()
        return get_embedded().get_helper()

    def _get_driver(self):
        """Build the runtime's driver; the one place that tests replace."""
        self._check_talked_to()
        return getattr(self, f"_get_{self.kind}_driver")()

    def _get_process_driver(self):
        return ProcessDriver(
            socket=get_embedded().supervisor_socket,
            helper=self._get_helper(),
            platform=get_settings().platform,
        )

    def _get_upstream(self, service, port):
        """Return where the proxy finds a tenant: host and port.

        :param str service: its name outside
        :param int port: the number that placement gave to it
        """
        self.ensure_one()
        return f"127.0.0.1:{port}"

    def _get_websocket(self, service, limits):
        """Return where the proxy finds a tenant's web sockets, empty for the same.

        :param Limits limits: what the tenant may use
        """
        return ""

    def _count_connections(self, limits):
        """Return how many connections to its database a tenant may hold.

        Here one process with its db_maxconn, and two to spare.

        :param Limits limits: what the tenant may use
        """
        return DatabaseSpec.connection_limit

    def _is_reached_directly(self):
        """Tell whether the master can open a tenant's port itself."""
        self.ensure_one()
        return True

    def _counts_shortages(self):
        """Tell whether its runtime knows who is short of memory or processes."""
        self.ensure_one()
        return False

    def _get_hostname(self, subdomain):
        self.ensure_one()
        return f"{subdomain}.{self.base_domain}"
