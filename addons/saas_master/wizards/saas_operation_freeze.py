from odoo import fields, models


class SaasOperationFreeze(models.TransientModel):
    _name = "saas.operation.freeze"
    _description = "Freeze the platform"

    reason = fields.Char()
    present_reason = fields.Char(
        string="Frozen Because",
        default=lambda self: self.env["saas.operation"]._get_freeze_reason(),
        readonly=True,
    )

    def action_freeze(self):
        """Let nothing change outside from now on."""
        self.env["saas.api"]._check_group("operator")
        self.env["saas.operation"]._freeze(self.reason)
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_unfreeze(self):
        """Let changes go on."""
        self.env["saas.api"]._check_group("operator")
        self.env["saas.operation"]._unfreeze()
        return {"type": "ir.actions.client", "tag": "soft_reload"}
