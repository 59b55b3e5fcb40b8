"""Reconciling a fleet on fakes, and what its tests do to the outside."""

from contextlib import contextmanager

from ..models.saas_fence import EPOCH_PARAMETER
from ..models.saas_reconcile_orphans import ORPHANS_PARAMETER
from .committed import CommittedCase
from .common import PLATFORM

STRANGER = "99999999-9999-4999-8999-999999999999"


class ReconcileCase(CommittedCase):
    def setUp(self):
        super().setUp()
        self.forget_when_over()
        self.addCleanup(self.forget_parameters)
        # One alone cannot be told from none.
        self.neighbour = self.make_instance()

    def reconcile(self, dry_run=False):
        with self.open_env() as env:
            return env["saas.reconcile"]._reconcile(dry_run=dry_run)

    def found(self, report):
        return {
            part: report[part]
            for part in ("repaired", "lost", "orphans", "alarms")
            if report[part]
        }

    def check_stopped(self, report, text="nothing was repaired"):
        self.assertFalse(report["repaired"] + report["lost"])
        [alarm] = report["alarms"]
        self.assertIn(text, alarm)
        [(subject, told)] = self.mails
        self.assertRegex(subject, "Reconciling .* stopped")
        self.assertIn(text, told)

    def check_settled(self, instance, status):
        self.assertEqual(self.instance(instance, "status"), status)
        self.assertEqual(self.found(self.reconcile()), {})

    @contextmanager
    def outside_of(self, instance, part):
        self.service = self.instance(instance, "service")
        with self.outside.get_world().change() as state:
            yield state[part]

    def plant(self, part, name, platform=PLATFORM):
        """Have something outside that no record knows."""
        with self.outside.get_world().change() as state:
            state[part][name] = {
                "mark": f"saasodoo:{platform}:{STRANGER}",
                **{"running": True, "uid": 1, "port": 1, "role": "x"},
                **{"hosts": [], "redirects": [], "state": "running"},
            }

    def quieten(self):
        """Let the next alarm ring as if the last one were long ago."""
        with self.open_env() as env:
            env.cr.execute(
                "UPDATE saas_event SET create_date = create_date - interval '1 day' "
                "WHERE kind IN ('reconcile_stopped', 'orphans_found')"
            )

    def set_epoch(self, epoch):
        """Have the database know another epoch, as one that was restored does."""
        with self.open_env() as env:
            env["ir.config_parameter"].set_param(EPOCH_PARAMETER, epoch)

    def forget_parameters(self):
        with self.open_env() as env:
            for key in (EPOCH_PARAMETER, ORPHANS_PARAMETER):
                env["ir.config_parameter"].set_param(key, False)

    def unfreeze(self):
        with self.open_env() as env:
            env["saas.operation"]._unfreeze()
