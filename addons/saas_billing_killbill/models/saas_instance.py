from odoo import models
from odoo.exceptions import UserError


class SaasInstance(models.Model):
    _inherit = "saas.instance"

    def _hand_over(self, partner, email, reason=None):
        """Refuse what would have one customer pay for another."""
        if self.subscription_id._is_killbill() and not self.subscription_id.ended_at:
            raise UserError(
                self.env._(
                    "Kill Bill bills %s to its present customer: cancel it, and let "
                    "the other one begin anew.",
                    self.subdomain,
                )
            )
        return super()._hand_over(partner, email, reason)
