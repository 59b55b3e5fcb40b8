from odoo import fields, models


class SaasInstanceOpen(models.TransientModel):
    _name = "saas.instance.open"
    _inherit = ["saas.instance.dialog"]
    _description = "Open as support"

    kind = fields.Char(default="open")
    instance_id = fields.Many2one("saas.instance", required=True, readonly=True)

    def action_confirm(self):
        """Open the instance in a new tab as the support user."""
        self.ensure_one()
        self.instance_id._authorize("open")
        link = self.env["saas.login.ticket"]._issue(
            self.instance_id, "support", self.reason
        )
        return {
            "type": "ir.actions.act_url",
            "url": link["url"],
            "target": "new",
            "close": True,
        }
