from odoo import api, fields, models


class SaasTemplate(models.Model):
    """The backend's button on templates."""

    _inherit = "saas.template"

    last_operation_id = fields.Many2one(
        "saas.operation", compute="_compute_last_operation_id"
    )

    @api.depends("operation_ids")
    def _compute_last_operation_id(self):
        for template in self:
            template.last_operation_id = template.operation_ids[:1]

    def action_remove(self):
        """Remove what is copied from no more."""
        self.env["saas.api"]._check_group("operator")
        for template in self:
            template._remove()

    def action_build(self):
        """Build a template like this one beside it."""
        self.env["saas.api"]._check_group("operator")
        self.ensure_one()
        operation = self._build(
            self.version_id, self.cluster_id, self.database_server_id, self.storage_id
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": operation.template_id.id,
            "views": [(False, "form")],
        }
