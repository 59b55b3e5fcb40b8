from uuid import uuid4

from odoo import api, fields, models
from odoo.exceptions import UserError


class SaasTemplate(models.Model):
    """A ready database and filestore that new instances are copied from."""

    _name = "saas.template"
    _description = "Template"
    _inherit = ["saas.guarded.mixin", "saas.specs.mixin"]
    _order = "version_id, id desc"
    # What it is made of and called: given once, and by what is asked for.
    _saas_web_creates = frozenset(
        {
            "uuid",
            "version_id",
            "modules",
            "languages",
            "image",
            "cluster_id",
            "database_server_id",
            "storage_id",
            "database",
            "directory",
        }
    )
    # To retire, from which state: config/postgresql/web_grants.sql.
    _saas_web_writes = frozenset({"state"})
    _saas_guarded = (
        _saas_web_creates
        | _saas_web_writes
        | {"message", "uid", "port", "password_sealed", "built_at"}
    )

    name = fields.Char(compute="_compute_name", store=True)
    uuid = fields.Char(string="UUID", readonly=True, copy=False, index=True)
    version_id = fields.Many2one(
        "saas.odoo.version", required=True, ondelete="restrict"
    )
    country_group_id = fields.Many2one(
        "res.country.group",
        string="For Customers from",
        ondelete="restrict",
        help="Their instances are copied from it alone, everybody else's from one "
        "without a group.",
    )
    extra_modules = fields.Char(
        readonly=True, help="Beside those of the version, such as l10n_fr."
    )
    modules = fields.Char(required=True, readonly=True)
    languages = fields.Char(required=True, readonly=True)
    image = fields.Char(readonly=True)
    cluster_id = fields.Many2one("saas.cluster", required=True, ondelete="restrict")
    database_server_id = fields.Many2one(
        "saas.database.server", required=True, ondelete="restrict", index=True
    )
    storage_id = fields.Many2one("saas.storage", required=True, ondelete="restrict")
    state = fields.Selection(
        [
            ("building", "Building"),
            ("ready", "Ready"),
            ("failed", "Failed"),
            ("retired", "Retired"),
            ("removed", "Removed"),
        ],
        default="building",
        required=True,
        readonly=True,
        copy=False,
    )
    message = fields.Char(readonly=True, copy=False)
    database = fields.Char(readonly=True, copy=False)
    directory = fields.Char(readonly=True, copy=False)
    uid = fields.Integer(string="User Id", readonly=True, copy=False)
    port = fields.Integer(readonly=True, copy=False)
    password_sealed = fields.Char(copy=False, groups="base.group_system")
    built_at = fields.Datetime(readonly=True, copy=False)
    operation_ids = fields.One2many("saas.operation", "template_id")

    _uuid_uniq = models.Constraint("UNIQUE (uuid)", "This template exists already.")
    # A planted row must not have a tenant's database built over, copied or removed.
    _names_check = models.Constraint(
        "CHECK (database = 'odoo_template_' || left(uuid, 8)"
        " AND directory = 'odoo_data_' || database || '_' || uuid)",
        "A template has a database and a folder of its own.",
    )
    _one_ready = models.UniqueIndex(
        "(database_server_id, version_id, cluster_id, COALESCE(country_group_id, 0)) "
        "WHERE state = 'ready'",
        "One ready template for a server, version and country group is enough.",
    )
    _one_building = models.UniqueIndex(
        "(database_server_id) WHERE state = 'building'",
        "A template is being built on this server already.",
    )

    @api.depends("version_id.name", "database_server_id.name", "country_group_id.name")
    def _compute_name(self):
        for template in self:
            group = template.country_group_id.name
            where = template.database_server_id.name
            customers = f" for {group}" if group else ""
            template.name = f"{template.version_id.name} on {where}{customers}"

    @api.model
    def _build(
        self, version, cluster, server, storage, *, group=None, extra_modules=None
    ):
        """Open the operation that builds a template.

        :param group: a ``res.country.group`` whose customers it is for, or none
        :param str extra_modules: beside those of the version, separated by commas
        :raise UserError: where one is being built already, or the places are apart
        :return: the operation
        """
        if server.region_id != cluster.region_id or storage.cluster_id != cluster:
            raise UserError(
                self.env._(
                    "%(server)s and %(storage)s are not both where %(cluster)s is: a "
                    "template is of one region, and its files of one cluster.",
                    server=server.name,
                    storage=storage.name,
                    cluster=cluster.name,
                )
            )
        chosen = {
            "version_id": version.id,
            "country_group_id": group.id if group else False,
            "extra_modules": extra_modules or False,
        }
        values = {
            **chosen,
            "cluster_id": cluster.id,
            "database_server_id": server.id,
            "storage_id": storage.id,
            **self.new(chosen)._get_wanted(),
        }
        busy = self.sudo().search(
            [("state", "=", "building"), ("database_server_id", "=", server.id)]
        )
        if busy:
            raise UserError(
                self.env._("A template is being built on %s already.", server.name)
            )
        uuid = str(uuid4())
        database = f"odoo_template_{uuid[:8]}"
        template = self._create_guarded(
            [
                {
                    **values,
                    "uuid": uuid,
                    "database": database,
                    "directory": f"odoo_data_{database}_{uuid}",
                }
            ]
        )
        return self.env["saas.operation"]._open("build_template", template=template)

    def _build_again(self):
        """Build one like this beside it; see :meth:`_build`."""
        self.ensure_one()
        return self._build(
            self.version_id,
            self.cluster_id,
            self.database_server_id,
            self.storage_id,
            group=self.country_group_id,
            extra_modules=self.extra_modules,
        )

    def _get_rivals(self):
        """Return the domain of what would be copied from in the place of this one."""
        self.ensure_one()
        names = (
            "version_id", "cluster_id", "database_server_id", "country_group_id"
        )  # fmt: skip
        return [(name, "=", self[name].id) for name in names]


class SaasCluster(models.Model):
    _inherit = "saas.cluster"

    def _get_template_storage(self):
        """Return where a template's files go: an open storage, a marked one if any."""
        storages = self.storage_ids.filtered(lambda one: one.state == "open")
        return storages.sorted(lambda one: not one.is_marked)[:1]
