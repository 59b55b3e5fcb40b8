from uuid import uuid4

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..drivers import ssh
from ..drivers.cephfs import DAILY, HOURLY, CephfsDriver
from ..drivers.directory import DirectoryDriver
from ..drivers.errors import InfraError, PermanentInfraError
from ..drivers.helper_ssh import SshHelper
from ..tools.settings import get_settings


class SaasStorage(models.Model):
    _name = "saas.storage"
    _description = "Storage"
    _inherit = ["saas.remote.mixin", "saas.place.mixin"]
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
    snapshot_hours = fields.Integer(
        string="Hours between Snapshots",
        default=1,
        required=True,
        help="CephFS keeps the whole storage as it is then; 0 makes none.",
    )
    keep_hourly = fields.Integer(
        string="Hourly Snapshots",
        default=HOURLY,
        required=True,
        help="The newest of each of so many hours is kept.",
    )
    keep_daily = fields.Integer(
        string="Daily Snapshots",
        default=DAILY,
        required=True,
        help="The newest of each of so many days is kept.",
    )
    last_snapshot = fields.Datetime(readonly=True, copy=False)
    snapshots = fields.Text(
        readonly=True,
        copy=False,
        help="The folder .snap of the root has them, for reading.",
    )

    _root_uniq = models.Constraint(
        "UNIQUE (cluster_id, root)", "The cluster has a storage there already."
    )

    _snapshots_check = models.Constraint(
        "CHECK (snapshot_hours >= 0 AND keep_hourly >= 0 AND keep_daily >= 0 "
        "AND keep_hourly + keep_daily > 0)",
        "At least one snapshot is kept; 0 hours between them makes none.",
    )
    _ratio_check = models.Constraint(
        "CHECK (storage_ratio > 0)", "At least some of a gigabyte must be sold per one."
    )

    @api.depends("max_gigabytes", "total_mb", "storage_ratio")
    def _compute_capacity_gb(self):
        for storage in self:
            seen = storage.total_mb * 1024**2 / 1000**3 * storage.storage_ratio
            storage.capacity_gb = min(storage.max_gigabytes, seen or float("inf"))

    @api.constrains("remote_address", "cluster_id")
    def _check_remote_address(self):
        """Files are copied between the storages of a cluster: one machine has all."""
        for storage in self:
            cluster, address = storage.cluster_id, storage.remote_address
            if address and cluster.kind == "process":
                raise ValidationError(
                    self.env._("Processes of this machine need a storage of its own.")
                )
            if {one.remote_address for one in cluster.storage_ids} != {address}:
                raise ValidationError(
                    self.env._(
                        "All storages of %s are reached at the same machine, which "
                        "copies files from one to another.",
                        cluster.name,
                    )
                )
            try:
                if address:
                    ssh.check_address(address)
            except InfraError as error:
                raise ValidationError(str(error)) from error

    def _get_driver(self):
        """Build the driver of this storage; the one place that tests replace."""
        self._check_talked_to()
        return self._get_driver_class()(
            root=self.root,
            helper=self._get_helper(),
            storage_uuid=self.uuid,
            platform=get_settings().platform,
            # A `jobs` in a container does not see it either: the helper looks.
            remote=bool(self.remote_address or get_settings().helper_socket),
        )

    def _get_helper(self):
        """Build the client of the root helper where the storage is mounted."""
        if not self.remote_address:
            return self.cluster_id._get_helper()
        login = self._get_ssh_login()
        if not login:
            raise PermanentInfraError(
                f"Nobody knows how to log in at {self.remote_address}.",
                cure="Give the storage an SSH key, and the host key of that machine.",
            )
        return SshHelper(self.remote_address, login)

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
