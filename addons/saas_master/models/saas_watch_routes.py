# No transaction is open while a proxy is asked.
# pylint: disable=invalid-commit
from odoo import models

from odoo.addons.saas_infra.drivers.errors import InfraError

from .saas_instance_specs import ROUTE_STATES
from .saas_operation import ACTIVE

# Data that is kept is told to visitors as it was when the instance ended.
STATES = ROUTE_STATES | {"terminated": "stopped"}


class SaasWatch(models.AbstractModel):
    _inherit = "saas.watch"

    def _mend_routes(self, sight):
        """Write all routes of a proxy again where it has lost them.

        Routes are made of nothing but what stands here, so that writing them harms
        nobody; one after the other, each address would be unknown until its turn.

        :param RoutesSight sight: with the proxy's id as key
        """
        if not sight.emptied or self.env["saas.operation"]._is_frozen():
            return
        proxy = self.env["saas.proxy"].browse(sight.key).exists()
        instances = self._find_routed(proxy)
        if not instances:
            return
        try:
            specs = [one._get_route_spec(_find_state(one)) for one in instances]
            driver = proxy._get_driver()
            self.env.cr.commit()
            driver.ensure_routes(specs)
        except InfraError as error:
            text = str(error)
        else:
            text = self.env._(
                "All %s were written again. Find out why they were gone.", len(specs)
            )
        subject = self.env._("The proxy %s had lost its routes", proxy.name)
        self.env["saas.alarm"]._ring("routes_lost", subject, text)
        self.env.cr.commit()

    def _find_routed(self, proxy):
        """Find whose route is known; who is being changed gets it by that."""
        return self.env["saas.instance"].search(
            [
                ("cluster_id.proxy_id", "=", proxy.id),
                ("ready_at", "!=", False),
                ("status", "in", [*STATES, "error"]),
                ("operation_ids", "not any", [("state", "in", ACTIVE)]),
            ]
        )


def _find_state(instance):
    """Return what visitors are to meet: where it broke, what they are meant to."""
    if instance.status != "error":
        return STATES[instance.status]
    # One that was to come back and found no place leads nowhere yet.
    return STATES[instance.desired_status] if instance.port else "stopped"
