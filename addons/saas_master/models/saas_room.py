from odoo import fields, models

from ..tools.counting import count_into


class SaasInstance(models.Model):
    _inherit = "saas.instance"

    def _sum_placed(self, field, *, living=False):
        """Sum up what is placed, by place; as placement counts it.

        :param str field: ``cluster_id``, ``database_server_id`` or ``storage_id``
        :param bool living: without the terminated, which keep data only
        :return: id of the place to (instances, cores, MiB of memory, GB of storage)
        :rtype: dict
        """
        domain = [("database", "!=", False)]
        if living:
            domain.append(("status", "!=", "terminated"))
        groups = self.sudo()._read_group(
            domain,
            [field],
            ["__count", "cpu_cores:sum", "memory_mb:sum", "storage_gb:sum"],
        )
        return {place.id: tuple(sums) for place, *sums in groups}


class SaasCluster(models.Model):
    _inherit = "saas.cluster"

    instance_count = fields.Integer(compute="_compute_sold")
    sold_cores = fields.Float(compute="_compute_sold")
    sold_memory_mb = fields.Integer(string="Sold Memory (MiB)", compute="_compute_sold")

    def _compute_sold(self):
        sums = self.env["saas.instance"]._sum_placed("cluster_id", living=True)
        for cluster in self:
            count, cores, memory, _storage = sums.get(cluster.id, (0, 0, 0, 0))
            cluster.instance_count = count
            cluster.sold_cores = cores
            cluster.sold_memory_mb = memory


class SaasDatabaseServer(models.Model):
    _inherit = "saas.database.server"

    instance_count = fields.Integer(compute="_compute_instance_count")
    template_count = fields.Integer(compute="_compute_template_count")

    def _compute_instance_count(self):
        sums = self.env["saas.instance"]._sum_placed("database_server_id")
        for server in self:
            server.instance_count = sums.get(server.id, (0,))[0]

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
        sums = self.env["saas.instance"]._sum_placed("storage_id")
        for storage in self:
            count, _cores, _memory, gigabytes = sums.get(storage.id, (0, 0, 0, 0))
            storage.instance_count = count
            storage.sold_gb = gigabytes
