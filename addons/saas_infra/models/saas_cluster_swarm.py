from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..drivers.errors import InfraError, PermanentInfraError
from ..drivers.swarm import SwarmDriver
from ..drivers.swarm_conf import (
    HTTP_PORT,
    SOCKET_PORT,
    count_connections,
    count_workers,
)
from ..drivers.swarm_engine import check_address
from ..drivers.swarm_tls import Certificates
from ..tools.embedded import get_embedded
from ..tools.settings import get_settings


class SaasCluster(models.Model):
    """A swarm: the engine that this machine was set up with, or one with an address.

    Whoever reaches an engine is root there. So `web` gives an address to a new cluster
    alone, and each way to it has keys: a row is not enough.
    """

    _inherit = "saas.cluster"

    kind = fields.Selection(
        selection_add=[("swarm", "Docker Swarm")], ondelete={"swarm": "cascade"}
    )
    cell_ids = fields.One2many("saas.cell", "cluster_id")
    engine_authority = fields.Text(
        string="Authority",
        copy=False,
        help="The certificate (PEM) that the engine's own is signed by; for TCP.",
    )
    engine_certificate = fields.Text(
        string="Certificate",
        copy=False,
        help="What we show to the engine (PEM), signed for client authentication by "
        "the authority that dockerd trusts; for TCP. Enter it together with its key.",
    )

    @api.constrains("kind", "remote_address")
    def _check_remote_address(self):
        for cluster in self.filtered("remote_address"):
            if cluster.kind != "swarm":
                raise ValidationError(self.env._("Only a swarm has an address."))
            try:
                check_address(cluster.remote_address)
            except InfraError as error:
                raise ValidationError(str(error)) from error

    def _get_swarm_driver(self):
        return SwarmDriver(
            **self._get_engine(),
            platform=get_settings().platform,
            conf_template=get_embedded().swarm_conf_template.read_text(),
        )

    def _get_engine(self):
        """Return where the engine listens, and what is shown there.

        :raise PermanentInfraError: where there is none, or a key does not open
        """
        if not self.remote_address:
            return {"address": self._get_own_engine()}
        engine = {"address": self.remote_address}
        if self.remote_way == "ssh":
            engine["ssh"] = self._get_ssh_login()
        elif key := self._get_remote_key():
            texts = self.engine_authority or "", self.engine_certificate or ""
            engine["certificates"] = Certificates(*texts, key)
        return engine

    def _get_own_engine(self):
        engine = get_settings().engine
        if not engine:
            raise PermanentInfraError(
                "This service was told of no Docker engine.",
                cure="Add a cluster with the address of its engine; or make up "
                "RUNTIME=swarm, for one on this machine.",
            )
        return engine

    def _get_remote_purpose(self):
        more = self.engine_authority, self.engine_certificate
        return *super()._get_remote_purpose(), *more

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

    def _counts_shortages(self):
        return self.kind == "swarm" or super()._counts_shortages()
