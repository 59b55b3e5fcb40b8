from odoo import fields, models


class SaasPlan(models.Model):
    """When an instance is suspended that is not paid."""

    _inherit = "saas.plan"

    suspension = fields.Selection(
        [
            ("overdue", "After the overdue states, with reminders before"),
            ("failed_payment", "At the first payment that fails"),
        ],
        required=True,
        default="overdue",
        help="Of an instance of this plan whose own subscription is not paid. A "
        "payment fails where a saved card is refused; whoever saved none is reminded, "
        "and suspended after the overdue states.",
    )


class SaasSubscription(models.Model):
    """Suspended by its plan at the first payment that fails."""

    _inherit = "saas.subscription"

    def _soften(self, status):
        if status in ("payment_required", "overdue") and self._has_failed_payment():
            status = "suspended"
        return super()._soften(status)

    def _has_failed_payment(self):
        """Tell whether its plan suspends now: a saved card was refused for a bill."""
        if self.plan_id.suspension != "failed_payment":
            return False
        lines = self.env["account.move.line"].sudo()
        bills = lines.search([("saas_subscription_id", "=", self.id)]).move_id
        open_bills = bills.filtered(
            lambda move: move.move_type == "out_invoice" and move._get_open_lines()
        )
        attempts = open_bills.transaction_ids.filtered(
            lambda one: one.operation == "offline"
        )
        return "error" in attempts.mapped("state")
