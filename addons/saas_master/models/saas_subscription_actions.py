from odoo import models


class SaasSubscription(models.Model):
    """The backend's buttons on subscriptions."""

    _inherit = "saas.subscription"

    def action_decide(self):
        """Ask what is true of this subscription now."""
        self.env["saas.api"]._check_group("manager")
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Set Billing State"),
            "res_model": "saas.subscription.decide",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_subscription_id": self.id},
        }

    def action_cancel(self):
        """End it when the time that is paid for, or the trial, is over."""
        self.env["saas.api"]._check_group("manager")
        self._billing_cancel()

    def action_undo_cancel(self):
        """Take the cancellation back."""
        self.env["saas.api"]._check_group("manager")
        self._billing_undo_cancel()
