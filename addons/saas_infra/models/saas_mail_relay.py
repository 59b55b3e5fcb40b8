from odoo import fields, models

from ..drivers.exim import EximDriver
from ..tools.embedded import get_embedded
from ..tools.settings import get_settings


class SaasMailRelay(models.Model):
    """Where tenants hand in their mail, each with a login of its own."""

    _name = "saas.mail.relay"
    _description = "Mail Relay"
    _inherit = ["saas.place.mixin"]
    _order = "name"

    name = fields.Char(required=True)
    kind = fields.Selection([("exim", "Exim")], required=True, default="exim")
    host = fields.Char(
        required=True,
        help="Where tenants reach it. Given once, with port and STARTTLS: whoever "
        "could change them would have all mail sent elsewhere. `make change-place`, by "
        "root, changes them.",
    )
    port = fields.Integer(required=True, default=25)
    tls = fields.Boolean(
        string="STARTTLS", help="Tenants encrypt before they show their login."
    )

    _host_uniq = models.Constraint(
        "UNIQUE (host, port)", "This mail relay is known already."
    )
    _port_check = models.Constraint(
        "CHECK (port BETWEEN 1 AND 65535)", "A port is a number from 1 to 65535."
    )

    def _get_driver(self):
        """Build the driver of this relay; the one place that tests replace."""
        self._check_talked_to()
        return getattr(self, f"_get_{self.kind}_driver")()

    def _get_exim_driver(self):
        return EximDriver(
            logins_dir=get_embedded().logins_dir,
            host=self.host,
            port=self.port,
            platform=get_settings().platform,
        )
