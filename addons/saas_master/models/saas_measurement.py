# Commits so that no transaction is open while others are asked.
# pylint: disable=invalid-commit
from odoo import api, fields, models

from odoo.addons.saas_infra.drivers.errors import InfraError

from ..tools.queue import PRIORITIES
from .saas_operation import ACTIVE

MEASURED = ("saas.cluster", "saas.proxy", "saas.database.server", "saas.storage")


class SaasMeasurement(models.AbstractModel):
    """See how full all places are, and what each tenant uses: one listing a place."""

    _name = "saas.measurement"
    _description = "Measurement"
    _inherit = ["saas.guarded.mixin"]

    @api.model
    def _cron_measure(self):
        """Scheduled action: have a job measure, as a walk through all files is long."""
        self._for_job().with_delay(
            channel="root.maintenance",
            priority=PRIORITIES["maintenance"],
            identity_key=self._name,  # None is queued beside one that still waits.
            max_retries=1,
        )._job_measure()

    def _job_measure(self):
        """Measure what all tenants use"""
        if self.env["saas.operation"]._is_frozen():
            return
        for model in MEASURED:
            places = self.env[model]
            for place in places.search(places._get_measured()):
                self._measure(place)

    def _measure(self, place):
        """Look at one place; whatever is wrong with it does not stop the others."""
        try:
            driver = place._get_driver()
            self.env.cr.commit()
            seen, sizes = place._look(driver), place._measure(driver)
        except InfraError as error:
            self.env["saas.alarm"]._ring(
                "measuring_failed",
                self.env._(
                    "Measuring the %(kind)s %(name)s failed",
                    kind=place._description.lower(),
                    name=place.name,
                ),
                str(error),
            )
        else:
            place._note(seen)
            place._note_sizes(sizes)
        self.env.cr.commit()


class SaasConnectionMixin(models.AbstractModel):
    _inherit = "saas.connection.mixin"

    @api.model
    def _get_measured(self):
        """Return the domain of what is looked at every hour."""
        return [("state", "!=", "closed")]

    def _measure(self, driver):
        """Ask what tenants use; no database is touched here.

        :return: bytes by name
        :rtype: dict
        """
        raise NotImplementedError

    def _note_sizes(self, sizes):
        """Write down what :meth:`_measure` has returned."""


class SaasCluster(models.Model):
    _inherit = "saas.cluster"

    def _measure(self, driver):
        driver.usage()  # On its way it shortens logs that have grown too long.
        return {}


class SaasProxy(models.Model):
    _inherit = "saas.proxy"

    def _measure(self, driver):
        return {}


class SaasDatabaseServer(models.Model):
    _inherit = "saas.database.server"

    def _measure(self, driver):
        return {name: found.size for name, found in driver.list_databases().items()}

    def _note_sizes(self, sizes):
        instances = self.env["saas.instance"]._find_measured("database_server_id", self)
        instances._note_sizes("database", "database_gb", sizes)


class SaasStorage(models.Model):
    _inherit = "saas.storage"

    @api.model
    def _get_measured(self):
        return [*super()._get_measured(), ("is_marked", "=", True)]

    def _measure(self, driver):
        found = driver.list_directories(measure=True)
        return {name: directory.used for name, directory in found.items()}

    def _note_sizes(self, sizes):
        instances = self.env["saas.instance"]._find_measured("storage_id", self)
        instances._note_sizes("directory", "files_gb", sizes)


class SaasInstance(models.Model):
    _inherit = "saas.instance"

    database_gb = fields.Float(
        string="Database (GB)", digits=(16, 3), readonly=True, copy=False
    )
    files_gb = fields.Float(
        string="Files (GB)", digits=(16, 3), readonly=True, copy=False
    )
    used_gb = fields.Float(
        string="Used (GB)",
        digits=(16, 3),
        compute="_compute_used_gb",
        store=True,
        help="Database and files, as they were measured within the last hour.",
    )
    is_over_quota = fields.Boolean(
        string="Over Its Quota", compute="_compute_used_gb", store=True
    )

    @api.depends("database_gb", "files_gb", "storage_gb")
    def _compute_used_gb(self):
        for instance in self:
            instance.used_gb = instance.database_gb + instance.files_gb
            instance.is_over_quota = instance.used_gb > instance.storage_gb

    @api.model
    def _find_measured(self, field, place):
        """Find who has a size to note on a place.

        Who is being changed is left to the next time: its operation writes too.
        """
        idle = ("operation_ids", "not any", [("state", "in", ACTIVE)])
        return self.search([(field, "=", place.id), idle])

    def _note_sizes(self, name, field, sizes):
        """Write down what has changed, and ring for each that passed its quota.

        :param str name: the field with its name outside
        :param str field: the field that takes the size
        :param dict sizes: bytes by name, None where it could not be measured
        """
        over = self.filtered("is_over_quota")
        for instance in self:
            size = sizes.get(instance[name])
            if size is None:
                continue
            gigabytes = round(size / 1000**3, 3)
            if gigabytes != instance[field]:
                instance._write_guarded({field: gigabytes})
        for instance in self.filtered("is_over_quota") - over:
            instance._ring_for_quota()

    def _ring_for_quota(self):
        self.env["saas.alarm"]._ring(
            "quota_passed",
            self.env._("%s passed its quota", self.subdomain),
            self.env._(
                "It uses %(used).1f GB, its plan has %(quota)s GB. Nothing stops it: "
                "have its owner delete files, or change its plan.",
                used=self.used_gb,
                quota=self.storage_gb,
            ),
            instance=self,
        )
