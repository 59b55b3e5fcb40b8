from odoo import api, fields, models


class SaasKillbillPublish(models.TransientModel):
    _name = "saas.killbill.publish"
    _description = "Publish plans to Kill Bill"

    server_id = fields.Many2one(
        "saas.killbill.server",
        required=True,
        default=lambda self: self.env["saas.killbill.server"].search([], limit=1),
    )
    applies_to = fields.Selection(
        [
            ("new", "New subscriptions: the others keep the price they began with"),
            ("all", "Existing subscriptions too, from a date on"),
        ],
        string="New prices are for",
        required=True,
        default="new",
    )
    prices_from = fields.Datetime(
        string="From",
        compute="_compute_prices_from",
        store=True,
        readonly=False,
        help="From the first term that begins then or later: what is billed already "
        "stays as it is.",
    )

    @api.depends("applies_to")
    def _compute_prices_from(self):
        for dialog in self:
            now = self.env["saas.guarded.mixin"]._saas_now()
            dialog.prices_from = dialog.applies_to == "all" and now

    def action_publish(self):
        """Let `jobs` publish, and show what that changed."""
        self.ensure_one()
        moment = self.prices_from if self.applies_to == "all" else False
        return self.server_id._ask(
            "killbill_publish",
            prices_from=fields.Datetime.to_string(moment) or None,
        )
