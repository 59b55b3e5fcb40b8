import ssl

from odoo import fields, models

from ..drivers.nginx import NginxDriver
from ..tools.embedded import get_embedded
from ..tools.settings import get_settings


class SaasProxy(models.Model):
    _name = "saas.proxy"
    _description = "Proxy"
    _inherit = ["saas.place.mixin"]
    _order = "name"

    name = fields.Char(required=True)
    kind = fields.Selection([("nginx", "nginx")], required=True, default="nginx")
    scheme = fields.Selection(
        [("http", "http"), ("https", "https")], required=True, default="http"
    )
    address = fields.Char(
        required=True,
        default="127.0.0.1",
        help="Where the master reaches the proxy to see a tenant as visitors do.",
    )
    port = fields.Integer(required=True, help="The port that visitors type.")
    ca_certificate = fields.Text(
        string="Authority",
        help="The certificate (PEM) that the proxy's own is signed by; empty where "
        "everybody's computer knows it.",
    )
    certified_until = fields.Datetime(
        readonly=True,
        copy=False,
        help="When the certificate ends that visitors are shown, as last seen.",
    )

    _address_uniq = models.Constraint(
        "UNIQUE (address, port)", "This proxy is known already."
    )
    _port_check = models.Constraint(
        "CHECK (port BETWEEN 1 AND 65535)", "A port is a number from 1 to 65535."
    )

    def _get_driver(self):
        """Build the driver of this proxy; the one place that tests replace."""
        self._check_talked_to()
        return getattr(self, f"_get_{self.kind}_driver")()

    def _get_nginx_driver(self):
        embedded = get_embedded()
        return NginxDriver(
            routes_dir=embedded.routes_dir,
            socket=embedded.supervisor_socket,
            nginx=embedded.nginx,
            conf=embedded.nginx_conf,
            platform=get_settings().platform,
        )

    def _get_tls(self):
        """Build what a client of ours checks the proxy's certificate with.

        :rtype: ssl.SSLContext|None
        """
        self.ensure_one()
        if self.scheme == "http":
            return None
        return ssl.create_default_context(cadata=self.ca_certificate or None)

    def _get_url(self, host):
        """Return the address that a visitor types for a host."""
        self.ensure_one()
        standard = {"http": 80, "https": 443}[self.scheme]
        port = "" if self.port == standard else f":{self.port}"
        return f"{self.scheme}://{host}{port}"
