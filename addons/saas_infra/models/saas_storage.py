from uuid import uuid4

from odoo import api, fields, models

from ..drivers.cephfs import CephfsDriver
from ..drivers.directory import DirectoryDriver
from ..tools.settings import get_settings


class SaasStorage(models.Model):
    _name = "saas.storage"
    _description = "Storage"
    _inherit = ["saas.place.mixin"]
    _order = "name"

    name = fields.Char(required=True)
    cluster_id = fields.Many2one("saas.cluster", required=True, ondelete="restrict")
    kind = fields.Selection(
        [("directory", "Directory"), ("cephfs", "CephFS")],
        required=True,
        default="directory",
        help="On CephFS the file system itself keeps to a tenant's quota and counts "
        "what it uses; a directory is measured.",
    )
    root = fields.Char(
        required=True,
        help="The folder where the storage is mounted; tenants live below it.",
    )
    tenant_root = fields.Char(
        string="Root for Tenants",
        help="Where the nodes of a swarm mount it, if elsewhere: on CephFS by a login "
        "that may not set quotas.",
    )
    uuid = fields.Char(
        string="UUID",
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: str(uuid4()),
        help='Written into a file on the storage: tells "empty" from "not mounted".',
    )
    is_marked = fields.Boolean(
        string="Marked",
        readonly=True,
        copy=False,
        help="The file with the UUID was found on it. Nothing is placed on a storage "
        "before: an unmounted one looks like a new one.",
    )
    max_tenants = fields.Integer(default=200, required=True)
    max_gigabytes = fields.Integer(string="Capacity (GB)", default=500, required=True)
    storage_ratio = fields.Float(
        string="GB Sold per GB",
        default=1.0,
        required=True,
        help="1: every tenant can have all that its plan promises. More, where plans "
        "are seldom full and somebody looks at the free room.",
    )
    free_mb = fields.Integer(string="Free (MiB)", readonly=True, copy=False)
    total_mb = fields.Integer(string="Size (MiB)", readonly=True, copy=False)
    capacity_gb = fields.Float(
        string="Room to Sell (GB)",
        compute="_compute_capacity_gb",
        help="The capacity, or what the size that the storage was seen to have allows "
        "to sell where that is less.",
    )
    last_seen = fields.Datetime(readonly=True, copy=False)

    _root_uniq = models.Constraint(
        "UNIQUE (cluster_id, root)", "The cluster has a storage there already."
    )

    _ratio_check = models.Constraint(
        "CHECK (storage_ratio > 0)", "At least some of a gigabyte must be sold per one."
    )

    @api.depends("max_gigabytes", "total_mb", "storage_ratio")
    def _compute_capacity_gb(self):
        for storage in self:
            seen = storage.total_mb * 1024**2 / 1000**3 * storage.storage_ratio
            storage.capacity_gb = min(storage.max_gigabytes, seen or float("inf"))

    def _get_driver(self):
        """Build the driver of this storage; the one place that tests replace."""
        self._check_talked_to()
        return self._get_driver_class()(
            root=self.root,
            helper=self.cluster_id._get_helper(),
            storage_uuid=self.uuid,
            platform=get_settings().platform,
        )

    def _get_driver_class(self):
        return {"directory": DirectoryDriver, "cephfs": CephfsDriver}[self.kind]

    def _get_tenant_root(self):
        """Return where nodes mount it for tenants."""
        self.ensure_one()
        return self.tenant_root or self.root

    def _has_room_for(self, count, reserved_gb):
        """Tell whether one more tenant fits.

        :param int count: tenants that are placed here already
        :param float reserved_gb: sum of their quotas, the new one included
        """
        self.ensure_one()
        return count < self.max_tenants and reserved_gb <= self.capacity_gb
