from odoo import fields, models

from ..drivers.certificate import Front
from ..drivers.traefik import TraefikDriver
from ..tools.settings import get_settings

# As an address of a tenant's is: matched by a wildcard of one level.
LABEL = "some-tenant"


class SaasProxy(models.Model):
    """Traefik, which reads its routes from Redis."""

    _name = "saas.proxy"
    _inherit = ["saas.proxy", "saas.login.mixin"]

    kind = fields.Selection(
        selection_add=[("traefik", "Traefik")], ondelete={"traefik": "cascade"}
    )
    redis_host = fields.Char(
        string="Redis", help="Where Redis listens: a host, or the path of a socket."
    )
    redis_port = fields.Integer(string="Port of Redis", default=6379)
    ping_url = fields.Char(
        string="Ping", help="Where Traefik says that it is well, such as …:8082/ping."
    )

    _traefik_check = models.Constraint(
        "CHECK (kind <> 'traefik' OR (redis_host IS NOT NULL AND ping_url IS NOT NULL "
        "AND admin_login IS NOT NULL))",
        "Traefik needs a Redis with a login, and an address for its ping.",
    )

    def _get_traefik_driver(self):
        return TraefikDriver(
            host=self.redis_host,
            port=self.redis_port,
            user=self.admin_login,
            password=self._get_admin_password(),
            platform=get_settings().platform,
            ping=self.ping_url,
            scheme=self.scheme,
            front=self._get_front(),
        )

    def _get_front(self):
        """Describe what visitors of its clusters' tenants are shown; None without TLS.

        :rtype: Front|None
        """
        tls = self._get_tls()
        hosts = tuple(
            cluster._get_hostname(LABEL)
            for cluster in self.env["saas.cluster"].search([("proxy_id", "=", self.id)])
        )
        return tls and Front(address=(self.address, self.port), hosts=hosts, tls=tls)

    def _get_address(self):
        self.ensure_one()
        return self.admin_login, self.redis_host, self.redis_port
