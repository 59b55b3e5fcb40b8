"""Who lacks memory or processes and goes on: its owner reads of it."""

from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.saas_infra.drivers import watch
from odoo.addons.saas_infra.drivers.errors import RetryableInfraError

from ..models import saas_watch, saas_watch_shortage
from .reconcile_common import ReconcileCase


@tagged("post_install", "-at_install")
class TestWatchShortage(ReconcileCase):
    def setUp(self):
        super().setUp()
        self.tenant = self.make_instance()
        self.name = self.instance(self.tenant, "subdomain")

    def kill(self, count):
        """Have so many of its processes lack memory, all in all."""
        self.count(killed=count)

    def count(self, **short):
        with self.outside_of(self.tenant, "services") as services:
            services[self.service]["short"] = short

    def look(self):
        process = self.outside.driver("process")
        sight = watch.look_at_usage(self.ids["cluster"], process)
        with self.open_env() as env:
            env["saas.watch"]._take_in_usage(sight)

    def events(self, kind="memory_short"):
        with self.open_env() as env:
            kind = [("kind", "=", kind)]
            return env["saas.event"].search(kind).mapped("message")

    def test_who_lacked_memory_and_goes_on_is_told_so(self):
        self.kill(1)
        for _time in range(2):
            self.look()
        status, warning = self.instance(self.tenant, "status", "warning")
        self.assertEqual(status, "running")
        self.assertIn("wanted more memory than its plan has (1024 MiB)", warning)
        self.assertIn("larger plan", warning)
        self.assertFalse(self.instance(self.neighbour, "warning"))
        [event] = self.events()
        self.assertIn(self.name, event)
        self.assertFalse(self.mails)

    def test_support_reads_it_at_the_command_line(self):
        self.kill(1)
        self.look()
        with self.open_env() as env:
            shown = env["saas.api"].instance_show(self.name)
        self.assertIn("more memory", shown["warning"])

    def test_a_new_container_counts_from_nothing(self):
        self.kill(2)
        self.look()
        with self.open_env() as env:
            instance = env["saas.instance"].browse(self.tenant)
            instance._write_guarded({"memory_short_at": False})
        self.kill(0)
        self.look()
        self.assertEqual(self.instance(self.tenant, "killed_count"), 0)
        self.assertFalse(self.instance(self.tenant, "warning"))
        self.kill(1)
        self.look()
        self.assertTrue(self.instance(self.tenant, "warning"))
        self.assertEqual(len(self.events()), 1)

    def test_a_day_later_nobody_reads_of_it_any_more(self):
        self.kill(1)
        self.look()
        with patch.object(saas_watch_shortage, "LATELY", timedelta(0)):
            self.assertFalse(self.instance(self.tenant, "warning"))

    def test_a_plan_with_more_memory_ends_it(self):
        self.kill(1)
        self.look()
        self.do(self.tenant, "change_plan", plan="professional")
        self.assertFalse(self.instance(self.tenant, "warning"))

    def test_who_wanted_too_many_processes_and_goes_on_is_told_so(self):
        for count in (3, 5 * 10**9):  # a bomb counts on
            self.count(refused=count)
            self.look()
        status, warning = self.instance(self.tenant, "status", "warning")
        self.assertEqual(status, "running")
        self.assertIn("as many processes as an instance may have (512)", warning)
        self.assertIn("a restart ends them", warning)
        self.assertNotIn("memory", warning)
        self.assertFalse(self.instance(self.neighbour, "warning"))
        self.assertEqual(self.instance(self.tenant, "refused_count"), 5 * 10**9)
        [event] = self.events("processes_short")
        self.assertIn(self.name, event)

    def test_who_was_short_of_both_reads_both(self):
        self.count(killed=1, refused=1)
        self.look()
        warning = self.instance(self.tenant, "warning")
        self.assertIn("larger plan", warning)
        self.assertIn("a restart ends them", warning)

    def test_who_is_being_changed_is_told_afterwards(self):
        restart = self.ask(self.tenant, "restart")
        self.kill(1)
        self.look()
        self.assertFalse(self.instance(self.tenant, "warning"))
        self.work(restart)
        self.kill(1)
        self.look()
        self.assertTrue(self.instance(self.tenant, "warning"))

    def test_a_look_that_failed_tells_nothing(self):
        self.kill(1)
        self.look()
        self.fail_next("process.usage", RetryableInfraError("Refused."))
        self.look()
        self.assertEqual(self.instance(self.tenant, "killed_count"), 1)

    def test_the_job_looks_where_the_runtime_counts(self):
        self.kill(1)
        for kind, counts in (("process", False), ("swarm", True)):
            with self.open_env() as env:
                self.fleet(env, "cluster").kind = kind
            try:
                with patch.object(saas_watch, "SECONDS", 2), self.open_env() as env:
                    env["saas.watch"]._job_watch()
            finally:
                with self.open_env() as env:
                    self.fleet(env, "cluster").kind = "process"
            self.assertEqual(bool(self.instance(self.tenant, "warning")), counts)
