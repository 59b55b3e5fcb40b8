from odoo import api, fields, models


class SaasLoginMixin(models.AbstractModel):
    """A login that may change what lies outside, sealed for the address it is for."""

    _name = "saas.login.mixin"
    _description = "Record with a login to something outside"
    _inherit = ["saas.sealed.mixin"]

    admin_login = fields.Char()
    admin_password_sealed = fields.Char(copy=False, groups="base.group_system")
    admin_password = fields.Char(
        compute="_compute_admin_password",
        inverse="_inverse_admin_password",
        groups="saas_infra.group_operator",
        help="Sealed as soon as it is saved; nobody can read it back here.",
    )

    @api.depends_context("uid")
    def _compute_admin_password(self):
        self.admin_password = False

    def _inverse_admin_password(self):
        for record in self:
            if record.admin_password:
                sealed = record._seal(record.admin_password, *record._get_address())
                record.sudo().admin_password_sealed = sealed

    def _get_admin_password(self):
        """Open the password, for the address that it was entered for."""
        return self._unseal(self.sudo().admin_password_sealed, *self._get_address())

    def _get_address(self):
        """Return what the password is sealed for: login, host and port."""
        raise NotImplementedError
