from odoo import api, fields, models
from odoo.exceptions import UserError


class SaasTemplate(models.Model):
    """The backend's buttons on templates."""

    _inherit = "saas.template"

    last_operation_id = fields.Many2one(
        "saas.operation", compute="_compute_last_operation_id"
    )

    @api.depends("operation_ids")
    def _compute_last_operation_id(self):
        for template in self:
            template.last_operation_id = template.operation_ids[:1]

    def action_retire(self):
        """Have nothing copied from it any more; it is removed when nobody needs it."""
        self.env["saas.api"]._check_group("operator")
        for template in self:
            if template.state != "ready":
                raise UserError(self.env._("%s is not in use.", template.name))
            template._write_guarded({"state": "retired"})
            self.env["saas.event"]._log(
                "template_retired", self.env._("%s was retired.", template.name)
            )

    def action_remove(self):
        """Remove what is copied from no more."""
        self.env["saas.api"]._check_group("operator")
        for template in self:
            template._remove()

    def action_build(self):
        """Build a template like this one beside it."""
        self.env["saas.api"]._check_group("operator")
        self.ensure_one()
        return self._build_again().template_id._show()

    def _show(self):
        """Return the action that opens its form."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }
