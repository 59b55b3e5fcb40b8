from odoo import api, models
from odoo.exceptions import UserError

FREEZE_PARAMETER = "saas_master.frozen"


class SaasOperation(models.Model):
    """One switch that lets nothing change outside, for everybody."""

    _inherit = "saas.operation"

    @api.model
    def _is_frozen(self):
        return bool(self._get_freeze_reason())

    @api.model
    def _get_freeze_reason(self):
        # Not get_param: a job that runs would go on with what its process remembers.
        parameters = self.env["ir.config_parameter"].sudo()
        return parameters.search([("key", "=", FREEZE_PARAMETER)], limit=1).value

    @api.model
    def _check_not_frozen(self):
        """Refuse a change while the platform is frozen.

        :raise UserError: with the reason of the freeze
        """
        reason = self._get_freeze_reason()
        if reason:
            raise UserError(
                self.env._("The platform is frozen: %s Unfreeze it first.", reason)
            )

    @api.model
    def _freeze(self, reason):
        """Let no operation begin a step from now on.

        :param str reason: shown to everybody who asks for a change
        """
        if not (reason or "").strip():
            raise UserError(self.env._("A freeze needs a reason."))
        self.env["ir.config_parameter"].sudo().set_param(FREEZE_PARAMETER, reason)
        self.env["saas.event"]._log("frozen", self.env._("Frozen."), reason=reason)

    @api.model
    def _unfreeze(self):
        """Let operations go on, those that waited first."""
        if not self._is_frozen():
            return
        self.env["ir.config_parameter"].sudo().set_param(FREEZE_PARAMETER, False)
        self.env["saas.event"]._log("unfrozen", self.env._("Unfrozen."))
        self.sudo()._find_stranded()._enqueue()
