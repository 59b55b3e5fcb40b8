from odoo import fields, models

from ..drivers.errors import PermanentInfraError


class SaasPlaceMixin(models.AbstractModel):
    """Something outside that is talked to unless it is closed.

    Its ``_get_driver`` and whatever else leads outside calls :meth:`_check_talked_to`:
    a neutralized copy of the platform has closed all of its places.
    """

    _name = "saas.place.mixin"
    _description = "Place"

    state = fields.Selection(
        [("open", "Open"), ("draining", "Draining"), ("closed", "Closed")],
        required=True,
        default="open",
        help="Open takes new tenants, draining only keeps those that it has, closed is "
        "not talked to.",
    )

    def _check_talked_to(self):
        """Refuse to talk to what is closed.

        :raise PermanentInfraError: with the cure
        """
        self.ensure_one()
        if self.state == "closed":
            raise PermanentInfraError(
                f"The {self._description.lower()} {self.name} is closed: it is not "
                "talked to.",
                cure="Open it again, unless this is a copy of the platform.",
            )
