from odoo import api, fields, models


class SaasInstanceHandOver(models.TransientModel):
    _name = "saas.instance.hand.over"
    _inherit = ["saas.instance.change"]
    _description = "Hand over"
    _kind = "hand_over"

    old_partner_id = fields.Many2one(
        related="instance_id.partner_id", string="Present Customer"
    )
    partner_id = fields.Many2one("res.partner", string="New Customer")
    email = fields.Char(
        string="New Owner's E-mail",
        compute="_compute_email",
        store=True,
        readonly=False,
        help="The administrator's login from then on.",
    )

    @api.depends("partner_id")
    def _compute_email(self):
        for dialog in self:
            dialog.email = dialog.partner_id.email

    @api.depends("partner_id")
    def _compute_warning(self):
        result = super()._compute_warning()
        for dialog in self.filtered("partner_id"):
            subscription = dialog.instance_id.subscription_id
            owner = dialog.partner_id.commercial_partner_id
            if owner != subscription.partner_id:
                bills = subscription._billing_describe_hand_over(owner)
                dialog.warning = f"{dialog.warning} {bills}".strip()
        return result

    def _ask(self):
        self.instance_id._hand_over(self.partner_id, self.email, self.reason)
