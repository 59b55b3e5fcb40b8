from odoo import models


class SaasInstanceOpen(models.TransientModel):
    _name = "saas.instance.open"
    _inherit = ["saas.instance.change"]
    _description = "Open as support"
    _kind = "open"

    def _ask(self):
        link = self.env["saas.login.ticket"]._issue(
            self.instance_id, "support", self.reason
        )
        return {
            "type": "ir.actions.act_url",
            "url": link["url"],
            "target": "new",
            "close": True,
        }
