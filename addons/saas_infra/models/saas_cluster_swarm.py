from odoo import fields, models

from ..drivers.errors import PermanentInfraError
from ..drivers.swarm import SwarmDriver
from ..drivers.swarm_conf import (
    HTTP_PORT,
    SOCKET_PORT,
    count_connections,
    count_workers,
)
from ..tools.embedded import get_embedded
from ..tools.settings import get_settings


class SaasCluster(models.Model):
    """A swarm: the engine that this machine was set up with.

    Whoever reaches an engine is root there, so no row names it: `web` writes rows.
    """

    _inherit = "saas.cluster"

    kind = fields.Selection(
        selection_add=[("swarm", "Docker Swarm")], ondelete={"swarm": "cascade"}
    )
    cell_ids = fields.One2many("saas.cell", "cluster_id")

    def _get_swarm_driver(self):
        engine = get_settings().engine
        if not engine:
            raise PermanentInfraError(
                "This service was told of no Docker engine.",
                cure="make up RUNTIME=swarm, or set engine in the section [saasodoo] "
                "of the configuration of `jobs`.",
            )
        return SwarmDriver(
            address=engine,
            platform=get_settings().platform,
            conf_template=get_embedded().swarm_conf_template.read_text(),
        )

    def _get_upstream(self, service, port):
        # Docker's DNS knows healthy tasks only, and nobody outside of their network.
        if self.kind == "swarm":
            return f"{service}:{HTTP_PORT}"
        return super()._get_upstream(service, port)

    def _get_websocket(self, service, limits):
        if self.kind == "swarm" and count_workers(limits):
            return f"{service}:{SOCKET_PORT}"
        return super()._get_websocket(service, limits)

    def _count_connections(self, limits):
        # One task takes another's place while that still serves.
        if self.kind == "swarm":
            return 2 * count_connections(limits) + 2
        return super()._count_connections(limits)

    def _is_reached_directly(self):
        return self.kind != "swarm" and super()._is_reached_directly()

    def _counts_kills(self):
        return self.kind == "swarm" or super()._counts_kills()
