from odoo import models
from odoo.exceptions import UserError


class SaasSubscription(models.Model):
    """Another customer: who gives gets back what is not used, who takes begins anew."""

    _inherit = "saas.subscription"

    def _billing_describe_hand_over(self, partner):
        if not self._is_killbill():
            return super()._billing_describe_hand_over(partner)
        words = {"giver": self.partner_id.name, "taker": partner.name}
        if self._is_given_with_trial(partner):
            return self.env._(
                "%(giver)s pays nothing more for it; %(taker)s begins with a trial.",
                **words,
            )
        return self.env._(
            "%(giver)s pays nothing more for it and gets what is not used as credit; "
            "%(taker)s pays from today on.",
            **words,
        )

    def _billing_hand_over(self, partner):
        """End it, and begin one of the other customer's for the same instance.

        What was billed stays with whom it was billed to, in Kill Bill and in the books.
        """
        if not self._is_killbill():
            return super()._billing_hand_over(partner)
        self._check_living()
        self._check_may_be_given()
        instance = self.instance_id
        trial = self._is_given_with_trial(partner)
        taken = self._open(partner, self.plan_id, self.period, trial=trial)
        taken._write_guarded({"instance_id": instance.id})
        instance._write_guarded({"subscription_id": taken.id})
        instance._update_billing_status(taken.billing_status, anew=True)
        self._billing_stop()
        return taken._billing_start()

    def _is_given_with_trial(self, partner):
        """Tell whether it is on trial, and who takes it never was."""
        return self.billing_status == "trial" and not self._had_trial(partner)

    def _check_may_be_given(self):
        """See that nobody leaves a debt behind by giving it away.

        :raise UserError: where something is owed
        """
        if not self.currency_id.is_zero(self.due):
            raise UserError(
                self.env._(
                    "%(name)s owes %(due)s: hand it over once that is paid, or written "
                    "off.",
                    name=self.name,
                    due=self.currency_id.format(self.due),
                )
            )
