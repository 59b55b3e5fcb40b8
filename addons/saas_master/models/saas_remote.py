from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import AccessError, UserError


class SaasRemoteMixin(models.AbstractModel):
    _inherit = "saas.remote.mixin"

    @api.model
    def _move_remote(self, name, address):
        """Have a place reached at another address, with the keys that it has.

        A local command of root's: what `web` could have sent elsewhere would take all
        secrets along.

        :raise InfraError: where its key does not open
        """
        if self.env.uid != SUPERUSER_ID:
            raise AccessError(self.env._("Only a local root command moves a place."))
        place = self.search([("name", "=", name)])
        if len(place) != 1:
            raise UserError(self.env._("There is not one place named %s.", name))
        key, before = place._get_remote_key(), place.remote_address
        place._write_guarded({"remote_address": address})
        place.remote_key = key  # It is sealed with the address.
        return self.env._(
            "%(kind)s %(name)s is reached at %(address)s, no longer at %(before)s.",
            kind=self._description,
            name=name,
            address=address,
            before=before or self.env._("this machine"),
        )
