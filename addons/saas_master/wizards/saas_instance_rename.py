from odoo import fields, models


class SaasInstanceRename(models.TransientModel):
    _name = "saas.instance.rename"
    _inherit = ["saas.instance.dialog"]
    _description = "Rename"

    kind = fields.Char(default="rename")
    instance_id = fields.Many2one("saas.instance", required=True, readonly=True)
    url = fields.Char(related="instance_id.url", string="Present Address")
    subdomain = fields.Char(string="New Name")

    def action_confirm(self):
        """Ask for the other name."""
        self.ensure_one()
        self.instance_id._authorize("rename")
        self.instance_id._rename(self.subdomain, self.reason)
        return {"type": "ir.actions.act_window_close"}
