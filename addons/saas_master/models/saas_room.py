from collections import defaultdict
from typing import NamedTuple

from odoo import fields, models

from ..tools.counting import count_into


class Placed(NamedTuple):
    """What instances have reserved in one place."""

    count: int = 0
    cpu_cores: float = 0.0
    memory_mb: int = 0
    storage_gb: int = 0


class SaasInstance(models.Model):
    _inherit = "saas.instance"

    def _sum_others(self, field, *, living=False):
        """Sum up what all others have reserved, by place.

        :param str field: ``cluster_id``, ``database_server_id`` or ``storage_id``
        :param bool living: without what keeps data only: no port, so nothing runs
        :return: id of the place to what is reserved there
        :rtype: defaultdict[int, Placed]
        """
        domain = [("id", "not in", self.ids), ("database", "!=", False)]
        if living:
            domain.append(("port", ">", 0))
        groups = self.sudo()._read_group(
            domain,
            [field],
            ["__count", "cpu_cores:sum", "memory_mb:sum", "storage_gb:sum"],
        )
        return defaultdict(Placed, {place.id: Placed(*sums) for place, *sums in groups})


class SaasCluster(models.Model):
    _inherit = "saas.cluster"

    instance_count = fields.Integer(compute="_compute_sold")
    sold_cores = fields.Float(compute="_compute_sold")
    sold_memory_mb = fields.Integer(string="Sold Memory (MiB)", compute="_compute_sold")

    def _compute_sold(self):
        sums = self.env["saas.instance"]._sum_others("cluster_id", living=True)
        for cluster in self:
            sold = sums[cluster.id]
            cluster.instance_count = sold.count
            cluster.sold_cores = sold.cpu_cores
            cluster.sold_memory_mb = sold.memory_mb


class SaasDatabaseServer(models.Model):
    _inherit = "saas.database.server"

    instance_count = fields.Integer(compute="_compute_instance_count")
    template_count = fields.Integer(compute="_compute_template_count")

    def _compute_instance_count(self):
        sums = self.env["saas.instance"]._sum_others("database_server_id")
        for server in self:
            server.instance_count = sums[server.id].count

    def _compute_template_count(self):
        there = [("state", "!=", "removed")]
        count_into(self, "template_count", "saas.template", "database_server_id", there)

    def _has_room_for(self, count):
        # Templates are databases too; nobody is connected to them.
        databases = count + self.template_count
        return databases < self.max_databases and super()._has_room_for(count)


class SaasStorage(models.Model):
    _inherit = "saas.storage"

    instance_count = fields.Integer(compute="_compute_sold")
    sold_gb = fields.Integer(string="Sold (GB)", compute="_compute_sold")

    def _compute_sold(self):
        sums = self.env["saas.instance"]._sum_others("storage_id")
        for storage in self:
            storage.instance_count = sums[storage.id].count
            storage.sold_gb = sums[storage.id].storage_gb
