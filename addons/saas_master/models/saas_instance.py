from uuid import uuid4

from odoo import api, fields, models

from .saas_subscription import BILLING_STATES

STATUSES = [
    ("creating", "Creating"),
    ("starting", "Starting"),
    ("running", "Running"),
    ("stopping", "Stopping"),
    ("stopped", "Stopped"),
    ("paused", "Paused"),
    ("terminated", "Terminated"),
    ("error", "Error"),
]
PROVISIONING_STATES = [
    ("pending", "Pending"),
    ("provisioning", "Provisioning"),
    ("ready", "Ready"),
    ("terminated", "Terminated"),
]


class SaasInstance(models.Model):
    _name = "saas.instance"
    _description = "Instance"
    _inherit = ["saas.guarded.mixin", "saas.specs.mixin", "mail.thread"]
    _order = "id desc"
    _rec_name = "subdomain"
    _mail_post_access = "read"
    _saas_guarded = frozenset(
        {
            "uuid",
            "subdomain",
            "partner_id",
            "email",
            "plan_id",
            "cpu_cores",
            "memory_mb",
            "storage_gb",
            "mails_per_day",
            "may_send_mail",
            "database_gb",
            "files_gb",
            "subscription_id",
            "provisioning_status",
            "billing_status",
            "status",
            "desired_status",
            "paused_by_billing",
            "pending_until",
            "message",
            "down_since",
            "killed_count",
            "memory_short_at",
            "refused_count",
            "processes_short_at",
            "region_id",
            "cluster_id",
            "storage_id",
            "cell_id",
            "image",
            "database_server_id",
            "version_id",
            "template_id",
            "database",
            "service",
            "directory",
            "uid",
            "port",
            "password_sealed",
            "proxy_secret_sealed",
            "mail_password_sealed",
            "last_operation_id",
            "ready_at",
            "terminated_at",
            "active",
        }
    )
    _saas_web_writes = frozenset(
        {
            "subdomain",
            "partner_id",
            "email",
            "subscription_id",
            "billing_status",
            "desired_status",
            "may_send_mail",
            "paused_by_billing",
            "pending_until",
            "last_operation_id",
        }
    )
    _saas_web_creates = frozenset(
        {
            "uuid",
            "plan_id",
            "cpu_cores",
            "memory_mb",
            "storage_gb",
            "mails_per_day",
            "provisioning_status",
            "status",
            "region_id",
            "active",
        }
    )

    active = fields.Boolean(default=True, readonly=True)
    uuid = fields.Char(
        string="UUID",
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: str(uuid4()),
    )
    subdomain = fields.Char(required=True, readonly=True, copy=False, tracking=True)
    subdomain_ids = fields.One2many(
        "saas.subdomain", "instance_id", string="Names", readonly=True
    )
    url = fields.Char(string="Address", compute="_compute_url")
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        tracking=True,
    )
    email = fields.Char(string="Owner's E-mail", required=True, readonly=True)
    lang = fields.Char(string="Language", default="en_US", readonly=True)
    country_id = fields.Many2one("res.country", readonly=True)
    tz = fields.Char(string="Time Zone", default="UTC", readonly=True)

    # What is sold
    plan_id = fields.Many2one(
        "saas.plan", required=True, readonly=True, ondelete="restrict", index=True
    )
    cpu_cores = fields.Float(readonly=True)
    memory_mb = fields.Integer(string="Memory (MiB)", readonly=True)
    storage_gb = fields.Integer(string="Storage (GB)", readonly=True)
    subscription_id = fields.Many2one(
        "saas.subscription", readonly=True, copy=False, index=True
    )
    subscription_ids = fields.One2many(
        "saas.subscription", "instance_id", string="All Subscriptions", readonly=True
    )

    # How it is
    provisioning_status = fields.Selection(
        PROVISIONING_STATES,
        default="pending",
        required=True,
        readonly=True,
        index=True,
        help="How far its creation has come, and whether anything is left of it.",
    )
    billing_status = fields.Selection(
        BILLING_STATES,
        default="trial",
        required=True,
        readonly=True,
        index=True,
        help="That of its present subscription.",
    )
    status = fields.Selection(
        STATUSES,
        default="creating",
        required=True,
        readonly=True,
        index=True,
        help="How it is now: what people who ask for its address meet.",
    )
    desired_status = fields.Selection(
        [
            ("running", "Running"),
            ("stopped", "Stopped"),
            ("paused", "Paused"),
            ("terminated", "Terminated"),
        ],
        default="running",
        required=True,
        readonly=True,
        help="What the platform works towards; repairs follow it.",
    )
    paused_by_billing = fields.Boolean(
        readonly=True,
        copy=False,
        help="Paused because it was not paid for: it is resumed when it is.",
    )
    message = fields.Char(readonly=True, copy=False)
    last_state_change = fields.Datetime(readonly=True, copy=False)
    ready_at = fields.Datetime(readonly=True, copy=False)
    terminated_at = fields.Datetime(readonly=True, copy=False)
    operation_ids = fields.One2many("saas.operation", "instance_id", readonly=True)
    last_operation_id = fields.Many2one("saas.operation", readonly=True, copy=False)
    event_ids = fields.One2many("saas.event", "instance_id", readonly=True)

    # Where it lives: computed once by placement, stored, never computed again
    region_id = fields.Many2one("saas.region", readonly=True, ondelete="restrict")
    cluster_id = fields.Many2one(
        "saas.cluster", readonly=True, index=True, ondelete="restrict"
    )
    storage_id = fields.Many2one(
        "saas.storage", readonly=True, index=True, ondelete="restrict"
    )
    database_server_id = fields.Many2one(
        "saas.database.server", readonly=True, index=True, ondelete="restrict"
    )
    version_id = fields.Many2one(
        "saas.odoo.version", readonly=True, ondelete="restrict"
    )
    template_id = fields.Many2one("saas.template", readonly=True, ondelete="restrict")
    cell_id = fields.Many2one("saas.cell", readonly=True, ondelete="restrict")
    image = fields.Char(
        readonly=True,
        copy=False,
        help="What it runs on a swarm, by digest or id: it stays as it is while the "
        "version gets another one.",
    )
    database = fields.Char(readonly=True, copy=False)
    service = fields.Char(readonly=True, copy=False)
    directory = fields.Char(readonly=True, copy=False)
    uid = fields.Integer(string="User Id", readonly=True, copy=False)
    port = fields.Integer(readonly=True, copy=False)
    password_sealed = fields.Char(copy=False, groups="base.group_system")
    proxy_secret_sealed = fields.Char(copy=False, groups="base.group_system")

    _uuid_uniq = models.Constraint("UNIQUE (uuid)", "This instance exists already.")
    _subdomain_uniq = models.UniqueIndex(
        "(subdomain) WHERE active", "This subdomain is taken."
    )
    _database_uniq = models.Constraint(
        "UNIQUE (database_server_id, database)", "This database exists already."
    )
    _service_uniq = models.Constraint(
        "UNIQUE (cluster_id, service)", "This service exists already."
    )
    _uid_uniq = models.UniqueIndex(
        "(cluster_id, uid) WHERE active AND uid <> 0", "This user id is taken."
    )
    _port_uniq = models.UniqueIndex(
        "(cluster_id, port) WHERE active AND port <> 0", "This port is taken."
    )
    _alive = models.Index("(status, cluster_id) WHERE active")

    # === COMPUTE METHODS === #

    @api.depends(
        "subdomain",
        "cluster_id.base_domain",
        "cluster_id.proxy_id.scheme",
        "cluster_id.proxy_id.port",
    )
    def _compute_url(self):
        for instance in self:
            cluster = instance.cluster_id.sudo()
            host = cluster and cluster._get_hostname(instance.subdomain)
            instance.url = cluster.proxy_id._get_url(host) if cluster else False

    def _get_status_label(self):
        self.ensure_one()
        labels = dict(self._fields["status"]._description_selection(self.env))
        return labels[self.status].lower()
