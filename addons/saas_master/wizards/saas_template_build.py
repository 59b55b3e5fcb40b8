from odoo import api, fields, models


class SaasTemplateBuild(models.TransientModel):
    _name = "saas.template.build"
    _description = "Build a template"

    version_id = fields.Many2one(
        "saas.odoo.version", default=lambda self: self._get_only("saas.odoo.version")
    )
    cluster_id = fields.Many2one(
        "saas.cluster", default=lambda self: self._get_only("saas.cluster")
    )
    region_id = fields.Many2one(related="cluster_id.region_id")
    database_server_id = fields.Many2one(
        "saas.database.server",
        default=lambda self: self._get_only("saas.database.server"),
        domain="[('region_id', '=', region_id)]",
    )
    storage_id = fields.Many2one(
        "saas.storage",
        compute="_compute_storage_id",
        store=True,
        readonly=False,
        domain="[('cluster_id', '=', cluster_id), ('state', '=', 'open')]",
    )
    country_group_id = fields.Many2one(
        "res.country.group",
        string="For Customers from",
        help="Their instances are copied from it alone, everybody else's from one "
        "without a group.",
    )
    modules = fields.Char(related="version_id.modules")
    extra_modules = fields.Char(
        string="More Modules", help="Such as l10n_fr; separated by commas."
    )
    languages = fields.Char(related="version_id.languages")

    @api.model
    def _get_only(self, model):
        found = self.env[model].search([], limit=2)
        return found if len(found) == 1 else found.browse()

    @api.depends("cluster_id")
    def _compute_storage_id(self):
        for dialog in self:
            dialog.storage_id = dialog.cluster_id._get_template_storage()

    def action_build(self):
        """Open the operation and show how it goes on."""
        self.env["saas.api"]._check_group("operator")
        self.ensure_one()
        operation = self.env["saas.template"]._build(
            self.version_id,
            self.cluster_id,
            self.database_server_id,
            self.storage_id,
            group=self.country_group_id,
            extra_modules=self.extra_modules,
        )
        return operation.template_id._show() | {"target": "main"}
