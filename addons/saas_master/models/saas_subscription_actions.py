from odoo import models


class SaasSubscription(models.Model):
    """The backend's buttons on subscriptions."""

    _inherit = "saas.subscription"

    def action_decide(self):
        """Ask what is true of this subscription now."""
        name = self.env._("Set Billing State")
        return self._show_dialog("saas.subscription.decide", name)

    def action_extend(self):
        """Ask how many days to give."""
        return self._show_arrangement("extend", self.env._("Give Days"))

    def action_write_off(self):
        """Ask before what is owed is given up."""
        return self._show_arrangement("write_off", self.env._("Write Off"))

    def action_promise(self):
        """Ask until when payment is promised."""
        return self._show_arrangement("promise", self.env._("Note a Promise"))

    def action_confirm(self):
        """Let a trial send mail."""
        self.env["saas.api"]._check_group("manager")
        self._confirm()

    def action_cancel(self):
        """End it when the time that is paid for, or the trial, is over."""
        self.env["saas.api"]._check_group("manager")
        self._billing_cancel()

    def action_undo_cancel(self):
        """Take the cancellation back."""
        self.env["saas.api"]._check_group("manager")
        self._billing_undo_cancel()

    def _show_arrangement(self, kind, name):
        return self._show_dialog("saas.subscription.arrange", name, default_kind=kind)

    def _show_dialog(self, model, name, **context):
        self.env["saas.api"]._check_group("manager")
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_subscription_id": self.id, **context},
        }
