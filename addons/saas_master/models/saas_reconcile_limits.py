from odoo import models

from .saas_instance_specs import make_limits
from .saas_reconcile import Wanted


class SaasReconcile(models.AbstractModel):
    """Whether an instance may use just what its record says."""

    _inherit = "saas.reconcile"

    def _make_wanted(self, cluster, row):
        """Complete what was read of an instance with what follows from it."""
        hostname = cluster._get_hostname
        limits = make_limits(
            *(row.pop(name) for name in ("cpu_cores", "memory_mb", "storage_gb"))
        )
        for names in ("old_names", "leading"):
            row[names] = {hostname(name) for name in row[names] or ()}
        return Wanted(
            **row,
            limits=limits,
            connections=cluster._count_connections(limits),
            websocket=cluster._get_websocket(row["service"], limits),
            host=hostname(row["subdomain"]),
        )

    def _get_difference_of_limits(self, one, reality):
        """Tell whether a change of plan was cut off, or somebody changed a limit."""
        differing = [
            f"{name} {found} ({wanted})"
            for name, found, wanted in self._get_limits(one, reality)
            if found not in (None, wanted)
        ]
        if not differing or one.given_up:
            return None
        return "repair_limits", self.env._(
            "Its limits are not what they should be (in brackets): %s.",
            ", ".join(differing),
        )

    def _get_limits(self, one, reality):
        """Go through limits: name, what was seen or None, what it should be.

        What does not run gets its memory and cores when it starts.
        """
        service = one.status == "running" and reality.services.get(one.service)
        if service:
            yield self.env._("cores"), service.cpu, one.limits.cpu
            yield self.env._("memory"), service.memory, one.limits.memory
        role = reality.roles.get(one.server, {}).get(one.database)
        if role:
            text = self.env._("connections")
            yield text, role.connection_limit, one.connections
        directory = reality.directories.get(one.storage, {}).get(one.directory)
        if directory:
            yield self.env._("storage"), directory.quota, one.limits.storage
