"""Snapshots of storages on CephFS: made when due, told, and not kept for ever."""

from datetime import datetime, timedelta
from unittest.mock import patch

from psycopg2.errors import CheckViolation

from odoo.fields import Datetime
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.saas_infra.drivers.errors import PermanentInfraError

from .committed import CommittedCase

NOON = datetime(2026, 3, 1, 12)


@tagged("post_install", "-at_install")
class TestSnapshots(CommittedCase):
    def setUp(self):
        super().setUp()
        self.forget_when_over()
        self.now = NOON
        self.startPatcher(patch.object(Datetime, "now", lambda: self.now))
        self.set(kind="cephfs")
        self.addCleanup(self.set, kind="directory", snapshot_hours=1, state="open")
        self.addCleanup(self.write_guarded, last_snapshot=False, snapshots=False)

    def set(self, **values):
        with self.open_env() as env:
            self.fleet(env, "storage").write(values)

    def write_guarded(self, **values):
        with self.open_env() as env:
            self.fleet(env, "storage")._write_guarded(values)

    def run_at(self, *hours):
        """Do at some hours after noon what is due then."""
        for hour in hours:
            self.now = NOON + timedelta(hours=hour)
            with self.open_env() as env:
                env["saas.snapshot"]._job_snapshot()

    def get_snapshots(self):
        [found] = [*self.outside.read("snapshots").values()] or [[]]
        return [name.removeprefix("saasodoo-20260301T") for name in found]

    def storage(self, *names):
        return self.look_up("saas.storage", self.ids["storage"], *names)

    def test_one_is_made_each_hour_and_people_read_which_there_are(self):
        self.run_at(0, 0.5, 1, 1.4, 1.5, 2)
        self.assertEqual(self.get_snapshots(), ["120000Z", "130000Z", "140000Z"])
        self.assertEqual(self.storage("last_snapshot"), NOON + timedelta(hours=2))
        self.assertEqual(
            self.storage("snapshots").splitlines(),
            ["2026-03-01 14:00 UTC", "2026-03-01 13:00 UTC", "2026-03-01 12:00 UTC"],
        )

    def test_people_choose_how_often_and_how_many(self):
        self.set(snapshot_hours=2, keep_hourly=2, keep_daily=1)
        self.addCleanup(self.set, keep_hourly=24, keep_daily=7)
        self.run_at(*range(7))
        self.assertEqual(self.get_snapshots(), ["160000Z", "180000Z"])

    def test_at_least_one_is_kept(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(CheckViolation),
            self.open_env() as env,
        ):
            self.fleet(env, "storage").write({"keep_hourly": 0, "keep_daily": 0})
            env.flush_all()

    def test_none_is_made_where_nobody_wants_any(self):
        for values in (
            {"snapshot_hours": 0},
            {"snapshot_hours": 1, "state": "closed"},
            {"state": "open", "kind": "directory"},
        ):
            with self.subTest(values=values):
                self.set(**values)
                self.run_at(0)
                self.assertFalse(self.get_snapshots())

    def test_none_is_made_while_the_platform_is_frozen(self):
        with self.open_env() as env:
            env["saas.operation"]._freeze("Drill.")
        self.run_at(0)
        with self.open_env() as env:
            env["saas.operation"]._unfreeze()
        self.assertFalse(self.get_snapshots())

    def test_a_storage_that_is_not_mounted_is_told_and_holds_up_no_other(self):
        lost = PermanentInfraError("It is not mounted.", "Mount it.")
        with self.open_env() as env:
            second = self.fleet(env, "storage").copy({"name": "z", "root": "/second"})
            second._write_guarded({"is_marked": True})
        self.fail_next("cephfs.make_snapshot", lost)
        self.run_at(0)
        [(subject, text)] = self.mails
        self.assertIn("has no new snapshot", subject)
        self.assertEqual(text, "It is not mounted. Mount it.")
        self.assertFalse(self.storage("last_snapshot"))
        self.assertEqual(list(self.outside.read("snapshots")), ["/second"])

        self.run_at(0.1)  # It is mounted again, and its turn has not passed.
        self.assertEqual(self.storage("last_snapshot"), NOON + timedelta(minutes=6))

    def test_the_scheduled_action_queues_one_job_and_only_where_one_is_due(self):
        with self.open_env() as env:
            mine = [("model_name", "=", "saas.snapshot")]
            before = env["queue.job"].search(mine)
            for _ in range(2):
                env["saas.snapshot"]._cron_snapshot()
            job = env["queue.job"].search(mine) - before
            self.assertEqual((len(job), job.channel), (1, "root.maintenance"))
            self.assertTrue(job._is_allowed())
            job.unlink()
        self.run_at(0)
        with self.open_env() as env:
            env["saas.snapshot"]._cron_snapshot()
            self.assertFalse(env["queue.job"].search(mine) - before)
