# Reservations are read and added under a lock that outlives transactions.
# pylint: disable=invalid-commit
from contextlib import contextmanager

from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.saas_infra.drivers.errors import NoCapacity, PermanentInfraError

# Placement reads all reservations, then adds one: two at a time would overbook.
PLACEMENT_LOCK = 7270530


class SaasInstance(models.Model):
    """Where an instance lives: room is reserved before anything is made outside."""

    _inherit = "saas.instance"

    @contextmanager
    def _placing(self):
        """Hold the lock of the whole platform under which room is reserved.

        Runs in transactions of its own: the lock must be held before the snapshot
        that sees the other reservations is taken, and beyond the commit.
        """
        cr = self.env.cr
        cr.execute("SELECT pg_advisory_lock(%s)", [PLACEMENT_LOCK])
        cr.commit()
        self.env.invalidate_all()
        try:
            yield
            self.env.flush_all()
            cr.commit()
        finally:
            cr.rollback()
            cr.execute("SELECT pg_advisory_unlock(%s)", [PLACEMENT_LOCK])
            cr.commit()
            self.env.invalidate_all()

    def _place(self):
        """Reserve room and fix every name.

        :raise NoCapacity: where no cluster, server or storage has room
        """
        self.ensure_one()
        if self._is_placed():  # Only its own operation, this one, changes that.
            return
        with self._placing():
            self._write_guarded(self._choose_place())

    def _take_plan(self, plan):
        """Reserve what another plan needs beyond the present one, and take it.

        :param plan: a ``saas.plan``
        :raise NoCapacity: where the cluster or the storage has no room for it
        """
        self.ensure_one()
        with self._placing():
            self._check_room(plan)
            # What billing has said since is not overwritten: it follows after this.
            if self.subscription_id.plan_id == self.plan_id:
                self.subscription_id._write_guarded({"plan_id": plan.id})
            self._write_guarded({"plan_id": plan.id, **plan._get_limits()})

    def _check_takes(self, plan):
        """See that it could have a plan, by what is known of it now.

        :raise PermanentInfraError: where it uses more than that, or there is no room
        """
        self._check_use(self.used_gb, plan)
        self._check_room(plan)

    def _check_use(self, used_gb, plan):
        """See that what it holds fits a plan.

        :raise PermanentInfraError: with both figures
        """
        if used_gb > plan.storage_gb:
            raise PermanentInfraError(
                self.env._(
                    "The instance uses %(used)s GB; the plan has %(allowed)s GB.",
                    used=f"{used_gb:.1f}",
                    allowed=plan.storage_gb,
                ),
                cure=self.env._(
                    "Delete files in the instance first, or choose a larger plan."
                ),
            )

    def _check_room(self, plan):
        """See that there is room for what a plan has more.

        :raise NoCapacity: where there is none
        """
        if not self._has_room_for_plan(plan):
            raise NoCapacity(
                self.env._(
                    "The cluster %(cluster)s has no room for the plan %(plan)s.",
                    cluster=self.cluster_id.name,
                    plan=plan.name,
                ),
                cure=self.env._("Add a node or a storage, then retry."),
            )

    def _has_room_for_plan(self, plan):
        """Tell whether what grows fits; what shrinks always does."""
        cluster, storage = self.cluster_id, self.storage_id
        runs = self._sum_others("cluster_id", living=True)[cluster.id]
        kept = self._sum_others("storage_id")[storage.id]
        rooms = (
            ("memory_mb", runs.memory_mb, cluster.memory_mb),
            ("cpu_cores", runs.cpu_cores, cluster.cores),
            ("storage_gb", kept.storage_gb, storage.capacity_gb),
        )
        return all(
            plan[amount] <= self[amount] or reserved + plan[amount] <= room
            for amount, reserved, room in rooms
        )

    def _is_placed(self):
        return bool(self.uid and self.port)

    def _choose_place(self):
        if self.database:  # It comes back to its data: only the runtime is free.
            self._check_cluster_room(self.cluster_id)
            return {
                **self._choose_numbers(self.cluster_id),
                "cell_id": self._find_cell(self.cluster_id).id,
            }
        for template in self._find_templates():
            cluster = template.cluster_id
            storage = self._find_storage(cluster)
            if (
                storage
                and self._has_cluster_room(cluster)
                and self._has_server_room(template.database_server_id)
            ):
                return {
                    **self._choose_names(template.database_server_id),
                    **self._choose_numbers(cluster),
                    "cell_id": self._find_cell(cluster).id,
                    "image": template.image,
                    "template_id": template.id,
                    "version_id": template.version_id.id,
                    "cluster_id": cluster.id,
                    "database_server_id": template.database_server_id.id,
                    "storage_id": storage.id,
                    "region_id": cluster.region_id.id,
                }
        raise NoCapacity(
            self.env._(
                "There is no room for %(memory)s MiB and %(cores)s cores "
                "in %(region)s.",
                memory=self.memory_mb,
                cores=self.cpu_cores,
                region=self.region_id.name or self.env._("any region"),
            ),
            cure=self._get_cure_for_no_room(),
        )

    def _get_cure_for_no_room(self):
        templates = self._search_templates(self.region_id, self.country_id)
        storages = templates.cluster_id.storage_ids
        new = storages.filtered(lambda one: one.state == "open" and not one.is_marked)
        if new:
            return self.env._(
                "The storage %s was not marked yet: test its connection, then retry.",
                new[0].name,
            )
        return self.env._(
            "Add a node, a database server, a storage or (on a swarm) a cell, then "
            "retry."
        )

    @api.model
    def _check_template_ready(self, region, country):
        """Refuse politely, before anything is made, where nothing can be placed.

        :param region: a ``saas.region``, or none for any
        :param country: where the customer is, or none
        :raise UserError: where no template is ready there
        """
        if not self._search_templates(region, country):
            raise UserError(
                self.env._(
                    "No template is ready in %(region)s for %(country)s: build one "
                    "first (saasctl template build).",
                    region=region.name if region else self.env._("any region"),
                    country=country.name if country else self.env._("any country"),
                )
            )

    @api.model
    def _search_templates(self, region, country):
        """Return what may be copied from: made for the country, else for all.

        One that is made for the country is never replaced by one that is not: what
        the books of that country need would be missing, and nobody would be told.
        """
        domain = [
            ("state", "=", "ready"),
            ("version_id.active", "=", True),
            ("cluster_id.state", "=", "open"),
            ("database_server_id.state", "=", "open"),
        ]
        if region:
            domain.append(("cluster_id.region_id", "=", region.id))
        templates = self.env["saas.template"].sudo().search(domain)
        for_country = templates.filtered(
            lambda one: country and country in one.country_group_id.country_ids
        )
        return for_country or templates.filtered(lambda one: not one.country_group_id)

    def _find_templates(self):
        """Return the ready templates of the region, the emptiest server first."""
        templates = self._search_templates(self.region_id, self.country_id)
        if not templates:
            raise NoCapacity(self.env._("No template is ready in this region."))
        there = self._sum_others("database_server_id")
        return templates.sorted(
            lambda template: there[template.database_server_id.id].count
        )

    def _find_storage(self, cluster):
        storages = cluster.storage_ids.filtered(
            lambda one: one.is_marked and one.state == "open"
        )
        there = self._sum_others("storage_id")
        for storage in storages.sorted(lambda one: there[one.id].count):
            kept = there[storage.id]
            if storage._has_room_for(kept.count, kept.storage_gb + self.storage_gb):
                return storage
        return None

    def _find_cell(self, cluster):
        """Return the emptiest cell that has room, or none."""
        there = self._sum_others("cell_id", living=True)
        cells = cluster.cell_ids.filtered(
            lambda one: there[one.id].count < one.max_tenants
        )
        return cells.sorted(lambda one: there[one.id].count)[:1]

    def _has_server_room(self, server):
        there = self._sum_others("database_server_id")
        return server._has_room_for(there[server.id].count)

    def _has_cluster_room(self, cluster):
        """Memory strictly, cores as often as the cluster sells them; a swarm's cell."""
        runs = self._sum_others("cluster_id", living=True)[cluster.id]
        return (
            runs.memory_mb + self.memory_mb <= cluster.memory_mb
            and runs.cpu_cores + self.cpu_cores <= cluster.cores
            and (cluster.kind != "swarm" or bool(self._find_cell(cluster)))
        )

    def _check_cluster_room(self, cluster):
        if not self._has_cluster_room(cluster):
            raise NoCapacity(
                self.env._("The cluster %s has no room left.", cluster.name),
                cure=self.env._("Add a node or (on a swarm) a cell, then retry."),
            )
