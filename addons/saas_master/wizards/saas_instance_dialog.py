from odoo import api, fields, models

from ..operations.playbooks import PLAYBOOKS
from ..operations.step_labels import STEP_LABELS


class SaasInstanceDialog(models.AbstractModel):
    """A dialog that says what an operation does before somebody asks for it."""

    _name = "saas.instance.dialog"
    _description = "Dialog before an operation"

    kind = fields.Char(required=True, readonly=True)
    warning = fields.Char(string="What It Does", compute="_compute_warning")
    steps = fields.Text(compute="_compute_warning")
    reason = fields.Char(help="Kept in the event log.")

    @api.depends("kind")
    def _compute_warning(self):
        for dialog in self:
            playbook = PLAYBOOKS.get(dialog.kind)
            warning = playbook and playbook.warning
            dialog.warning = warning and self.env._(warning)
            dialog.steps = playbook and " → ".join(
                self.env._(STEP_LABELS[name]) for name in playbook.steps
            )

    def _show(self):
        """Return the action that opens this dialog."""
        self.ensure_one()
        playbook = PLAYBOOKS.get(self.kind)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._(playbook.label) if playbook else self._description,
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }
