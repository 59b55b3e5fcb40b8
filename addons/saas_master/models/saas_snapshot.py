# Commits so that no transaction is open while a storage is asked.
# pylint: disable=invalid-commit
from datetime import UTC, timedelta

from odoo import api, fields, models

from odoo.addons.saas_infra.drivers.errors import InfraError

from ..tools.queue import PRIORITIES

# One that ran a little late does not move all that follow.
SLACK = timedelta(minutes=3)


class SaasSnapshot(models.AbstractModel):
    """Keep storages on CephFS as they are, again and again, and let old ones go."""

    _name = "saas.snapshot"
    _description = "Snapshots"
    _inherit = ["saas.guarded.mixin"]

    @api.model
    def _cron_snapshot(self):
        """Scheduled action: have a job make what is due."""
        if self._find_due():
            self._for_job().with_delay(
                channel="root.maintenance",
                priority=PRIORITIES["maintenance"],
                identity_key=self._name,  # None is queued beside one that still waits.
                max_retries=1,
            )._job_snapshot()

    def _job_snapshot(self):
        """Make the snapshots of storages that are due"""
        for storage in self._find_due():
            self._keep(storage)

    def _find_due(self):
        storages = self.env["saas.storage"]
        if self.env["saas.operation"]._is_frozen():
            return storages
        now = fields.Datetime.now() + SLACK
        return storages.search(
            [
                ("kind", "=", "cephfs"),
                ("state", "!=", "closed"),
                ("is_marked", "=", True),
                ("snapshot_hours", ">", 0),
            ]
        ).filtered(
            lambda one: (
                not one.last_snapshot
                or one.last_snapshot + timedelta(hours=one.snapshot_hours) <= now
            )
        )

    def _keep(self, storage):
        """Make one, expire others; what is wrong with a storage stops no other."""
        now = fields.Datetime.now()
        kept = {"hourly": storage.keep_hourly, "daily": storage.keep_daily}
        try:
            driver = storage._get_driver()
            self.env.cr.commit()
            driver.make_snapshot(now.replace(tzinfo=UTC))
            driver.expire_snapshots(**kept)
            found = driver.list_snapshots()
        except InfraError as error:
            self.env["saas.alarm"]._ring(
                "snapshot_failed",
                self.env._("The storage %s has no new snapshot", storage.name),
                str(error),
            )
        else:
            lines = (f"{moment:%Y-%m-%d %H:%M} UTC" for moment in found.values())
            storage._write_guarded(
                {"last_snapshot": now, "snapshots": "\n".join(reversed([*lines]))}
            )
        self.env.cr.commit()
