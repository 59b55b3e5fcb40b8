from odoo import api, models
from odoo.tools import SQL

from .saas_instance import STATUSES
from .saas_operation import ACTIVE

SHOWN = 6


class SaasDashboard(models.AbstractModel):
    """The fleet at a glance, asked again every few seconds: few and cheap queries."""

    _name = "saas.dashboard"
    _description = "Fleet Dashboard"

    @api.model
    def get_fleet(self):
        """Tell how the fleet is.

        :rtype: dict
        """
        self.env["saas.api"]._check_group("support")
        return {
            "frozen": self.env["saas.operation"]._get_freeze_reason() or "",
            "statuses": self._get_statuses(),
            "operations": self._get_operations(),
            "creation": self._get_creation(),
            "clusters": self._get_clusters(),
            "servers": self._get_servers(),
            "storages": self._get_storages(),
        }

    def _get_statuses(self):
        groups = self.env["saas.instance"]._read_group([], ["status"], ["__count"])
        counts = dict(groups)
        labels = dict(
            self.env["saas.instance"]._fields["status"]._description_selection(self.env)
        )
        return [
            {"status": status, "label": labels[status], "count": counts.get(status, 0)}
            for status, _label in STATUSES
        ]

    def _get_operations(self):
        """Tell what runs and what failed in the last seven days."""
        operations = self.env["saas.operation"]
        recent = [("state", "=", "failed"), ("create_date", ">", "-7d")]
        failed = operations.search(recent, limit=SHOWN)
        return {
            "active": operations.search_count([("state", "in", ACTIVE)]),
            "failed": operations.search_count(recent),
            "last_failed": [
                {
                    "id": operation.id,
                    "title": operation.display_name,
                    "message": operation.message or "",
                    "when": operation.create_date.isoformat(),
                }
                for operation in failed
            ],
        }

    def _get_creation(self):
        """Return how long creations of the last seven days took, in seconds."""
        self.env["saas.operation"].flush_model(["kind", "state", "seconds"])
        [(count, p50, p95)] = self.env.execute_query(
            SQL(
                """SELECT count(*),
                          percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds),
                          percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds)
                     FROM saas_operation
                    WHERE kind = 'provision' AND state = 'done'
                      AND create_date > now() AT TIME ZONE 'UTC' - interval '7 days'"""
            )
        )
        return {"count": count, "p50": p50, "p95": p95}

    def _get_clusters(self):
        return [
            {
                **self._describe_place(cluster),
                "room": [
                    self._meter(
                        self.env._("Memory, GiB"),
                        cluster.sold_memory_mb / 1024,
                        cluster.memory_mb / 1024,
                    ),
                    self._meter(self.env._("Cores"), cluster.sold_cores, cluster.cores),
                ],
            }
            for cluster in self.env["saas.cluster"].search([])
        ]

    def _get_servers(self):
        return [
            {
                **self._describe_place(server),
                "room": [
                    self._meter(
                        self.env._("Databases"),
                        server.instance_count + server.template_count,
                        server.max_databases,
                    ),
                    self._meter(
                        self.env._("Connections"),
                        server.instance_count * server.connections_per_database,
                        server.max_connections,
                    ),
                    self._meter(
                        self.env._("Size, GB"),
                        server.used_mb * 1024**2 / 1000**3,
                        server.max_gigabytes,
                    ),
                ],
            }
            for server in self.env["saas.database.server"].search([])
        ]

    def _get_storages(self):
        return [
            {
                **self._describe_place(storage),
                "room": [
                    self._meter(
                        self.env._("Sold, GB"), storage.sold_gb, storage.capacity_gb
                    ),
                    self._meter(
                        self.env._("Tenants"),
                        storage.instance_count,
                        storage.max_tenants,
                    ),
                ],
            }
            for storage in self.env["saas.storage"].search([])
        ]

    def _describe_place(self, place):
        return {
            "id": place.id,
            "name": place.name,
            "state": place.state,
            "instances": place.instance_count,
        }

    def _meter(self, label, used, capacity):
        return {"label": label, "used": round(used, 1), "capacity": round(capacity, 1)}
