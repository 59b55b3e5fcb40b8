from odoo import fields, models


class SaasInstancePurge(models.TransientModel):
    _name = "saas.instance.purge"
    _inherit = ["saas.instance.dialog"]
    _description = "Purge"

    kind = fields.Char(default="purge")
    instance_id = fields.Many2one("saas.instance", required=True, readonly=True)
    subdomain = fields.Char(related="instance_id.subdomain", string="Its Name")
    confirm = fields.Char(string="Type the Name")

    def action_confirm(self):
        """Ask for the end of all data."""
        self.ensure_one()
        self.instance_id._authorize("purge")
        self.instance_id._purge(self.confirm, self.reason)
        return {"type": "ir.actions.act_window_close"}
