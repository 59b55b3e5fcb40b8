from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.saas_infra.tools.settings import get_settings

# Odoo's own settings are for administrators of the database, which no staff is.
PARAMETERS = {
    "retention_days": "saas_master.retention_days",
    "redirect_days": "saas_master.redirect_days",
}


class SaasSettings(models.TransientModel):
    _name = "saas.settings"
    _description = "Settings"

    retention_days = fields.Integer(
        string="Days of Retention",
        default=lambda self: self.env["saas.instance"]._get_retention_days(),
        required=True,
        help="So long the data of a terminated instance is kept at least. It holds for "
        "those that are terminated already, too.",
    )
    redirect_days = fields.Integer(
        string="Days of Redirection",
        default=lambda self: self._get_days("redirect_days"),
        required=True,
        help="So long an old name of an instance leads to the new one, and is nobody "
        "else's. It holds for the next change of a name.",
    )

    _days_check = models.Constraint(
        "CHECK (retention_days >= 0 AND redirect_days >= 0)",
        "A number of days cannot be negative.",
    )

    @api.model
    def _get_days(self, name):
        return int(self.env["saas.instance"]._get_parameter(PARAMETERS[name], 30))

    def action_apply(self):
        """Let them hold from now on."""
        self.ensure_one()
        self.env["saas.api"]._check_group("operator")
        least = get_settings().least_retention_days
        if self.retention_days < least:
            raise UserError(
                self.env._(
                    "Data is kept for at least %s days on this platform. Root lowers "
                    "that: make up LEAST_RETENTION_DAYS=…",
                    least,
                )
            )
        parameters = self.env["ir.config_parameter"].sudo()
        for name, key in PARAMETERS.items():
            before = self._get_days(name)
            if self[name] == before:
                continue
            parameters.set_param(key, str(self[name]))
            self.env["saas.event"]._log(
                "setting_changed",
                self.env._(
                    "%(setting)s: %(now)s instead of %(before)s.",
                    setting=self._fields[name]._description_string(self.env),
                    now=self[name],
                    before=before,
                ),
            )
        return {"type": "ir.actions.act_window_close"}
