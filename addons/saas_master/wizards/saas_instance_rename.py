from odoo import fields, models


class SaasInstanceRename(models.TransientModel):
    _name = "saas.instance.rename"
    _inherit = ["saas.instance.change"]
    _description = "Rename"
    _kind = "rename"

    url = fields.Char(related="instance_id.url", string="Present Address")
    subdomain = fields.Char(string="New Name")

    def _ask(self):
        self.instance_id._rename(self.subdomain, self.reason)
