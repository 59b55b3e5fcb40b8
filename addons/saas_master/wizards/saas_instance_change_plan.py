from odoo import api, fields, models


class SaasInstanceChangePlan(models.TransientModel):
    _name = "saas.instance.change.plan"
    _inherit = ["saas.instance.change"]
    _description = "Change plan"
    _kind = "change_plan"

    old_plan_id = fields.Many2one(related="instance_id.plan_id", string="Present Plan")
    old_cpu_cores = fields.Float(related="instance_id.cpu_cores", string="Cores Now")
    old_memory_mb = fields.Integer(
        related="instance_id.memory_mb", string="Memory Now (MiB)"
    )
    old_storage_gb = fields.Integer(
        related="instance_id.storage_gb", string="Storage Now (GB)"
    )
    plan_id = fields.Many2one(
        "saas.plan", string="New Plan", domain="[('id', '!=', old_plan_id)]"
    )
    cpu_cores = fields.Float(related="plan_id.cpu_cores", string="Cores Then")
    memory_mb = fields.Integer(related="plan_id.memory_mb", string="Memory Then (MiB)")
    storage_gb = fields.Integer(
        related="plan_id.storage_gb", string="Storage Then (GB)"
    )
    shrinks = fields.Boolean(compute="_compute_shrinks")

    @api.depends("plan_id", "instance_id")
    def _compute_shrinks(self):
        for dialog in self:
            dialog.shrinks = dialog.plan_id and (
                dialog.plan_id.storage_gb < dialog.instance_id.storage_gb
            )

    def action_preview(self):
        """Ask what the plan would cost, and show it."""
        self.ensure_one()
        self.instance_id._authorize(self._kind)
        return self.instance_id._ask_what_costs(self.plan_id)._show()

    def _ask(self):
        self.instance_id._change_plan(self.plan_id, self.reason)
