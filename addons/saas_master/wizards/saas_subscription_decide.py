from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.saas_subscription import BILLING_STATES


class SaasSubscriptionDecide(models.TransientModel):
    """Where no billing system decides, staff do."""

    _name = "saas.subscription.decide"
    _description = "Set billing state"

    subscription_id = fields.Many2one("saas.subscription", required=True, readonly=True)
    currency_id = fields.Many2one(related="subscription_id.currency_id")
    billing_status = fields.Selection(
        BILLING_STATES, compute="_compute_present", store=True, readonly=False
    )
    trial_end = fields.Datetime(compute="_compute_present", store=True, readonly=False)
    paid_until = fields.Datetime(compute="_compute_present", store=True, readonly=False)
    due = fields.Monetary(
        string="Owed", compute="_compute_present", store=True, readonly=False
    )

    @api.depends("subscription_id")
    def _compute_present(self):
        for dialog in self:
            subscription = dialog.subscription_id
            dialog.billing_status = subscription.billing_status
            dialog.trial_end = subscription.trial_end
            dialog.paid_until = subscription.paid_until
            dialog.due = subscription.due

    def action_apply(self):
        """Make the subscription and its instance agree with what was decided."""
        self.ensure_one()
        self.env["saas.api"]._check_group("manager")
        subscription = self.subscription_id
        if subscription.billing_provider != "none":
            raise UserError(
                self.env._("%s is decided by its billing system.", subscription.name)
            )
        subscription._decide(
            status=self.billing_status,
            trial_end=self.trial_end or None,
            paid_until=self.paid_until or None,
            due=self.due,
        )
        return {"type": "ir.actions.act_window_close"}
