from odoo import models
from odoo.exceptions import UserError

DAYS = {"monthly": 365 / 12, "annual": 365}


class SaasSubscription(models.Model):
    """Days that staff give: what they cost is credit, and pays what comes next."""

    _inherit = "saas.subscription"

    def _billing_describe_extension(self, days):
        if not self._is_killbill():
            return super()._billing_describe_extension(days)
        return self.env._(
            "%(name)s gets %(amount)s of credit, the price of these days: it pays what "
            "is billed next.",
            name=self.name,
            amount=self.currency_id.format(self._get_price_of(days)),
        )

    def _billing_extend(self, days, reason):
        if not self._is_killbill():
            return super()._billing_extend(days, reason)
        self._check_living()
        if self.billing_status == "trial":
            raise UserError(
                self.env._(
                    "Kill Bill lengthens no trial: give %s the days once it is over.",
                    self.name,
                )
            )
        amount = self._get_price_of(days)
        if self.currency_id.is_zero(amount):
            raise UserError(self.env._("These days of %s cost nothing.", self.name))
        self._note(
            "billing_extended",
            self.env._(
                "%(days)s days were given: %(amount)s of credit.",
                days=days,
                amount=self.currency_id.format(amount),
            ),
            reason,
        )
        return self._tell_killbill("give_credit", amount=amount, reason=reason)

    def _get_price_of(self, days):
        """Return what days cost by the price of now, without tax."""
        amount = self._get_price().amount
        return self.currency_id.round(amount * days / DAYS[self.period])
