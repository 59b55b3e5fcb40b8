from odoo import fields, models


class SaasInstancePurge(models.TransientModel):
    _name = "saas.instance.purge"
    _inherit = ["saas.instance.change"]
    _description = "Purge"
    _kind = "purge"

    subdomain = fields.Char(related="instance_id.subdomain", string="Its Name")
    confirm = fields.Char(string="Type the Name")

    def _ask(self):
        self.instance_id._purge(self.confirm, self.reason)
