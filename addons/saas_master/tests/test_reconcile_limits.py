"""Limits of a plan that was cut off, or that somebody changed, are set again."""

from datetime import timedelta
from unittest.mock import patch
from uuid import uuid4

from odoo.tests import tagged

from odoo.addons.saas_infra.drivers.errors import PermanentInfraError

from ..models import saas_reconcile
from ..operations.playbooks import LIMIT
from .reconcile_common import ReconcileCase

REFUSED = PermanentInfraError("It is refused.")
# What of an instance is limited where, and the name of the object there.
LIMITED = (
    ("services", "memory", "service"),
    ("services", "cpu", "service"),
    ("roles", "connection_limit", "database"),
    ("directories", "quota", "directory"),
)


class LimitsCase(ReconcileCase):
    cells = (1000,)

    def limits(self, instance):
        """Return what an instance may use outside."""
        found = [
            self.outside.read(part)[self.instance(instance, field)][name]
            for part, name, field in LIMITED
        ]
        route = self.outside.read("routes")[self.instance(instance, "service")]
        return [*found, route["websocket"]]

    def change(self, instance, part, field, **values):
        """Change something outside, as nobody of the platform does."""
        key = self.instance(instance, field)
        with self.outside_of(instance, part) as found:
            found[key] |= values

    def make_larger(self):
        """Make a plan that is larger than the fleet's in everything.

        :return: its id
        """
        values = {"cpu_cores": 2, "memory_mb": 2048, "storage_gb": 20}
        code = f"larger-{uuid4().hex[:6]}"
        with self.open_env() as env:
            return env["saas.plan"].create({"name": code, "code": code, **values}).id

    def ask_for_plan(self, instance, plan):
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            return record._change_plan(env["saas.plan"].browse(plan)).id

    def check_repaired(self, instance, kind, status="running"):
        report = self.reconcile()
        self.assertEqual(len(report["repaired"]), 1)
        self.assertEqual(self.work_at_last(instance), kind)
        self.check_settled(instance, status)


@tagged("post_install", "-at_install")
class TestChangeThatFailed(LimitsCase):
    def setUp(self):
        super().setUp()
        self.larger = self.make_larger()

    def fail_in(self, step, instance, plan):
        """Have a change to another plan fail.

        :return: the id of the operation
        """
        operation = self.ask_for_plan(instance, plan)
        operations = self.registry["saas.operation"]
        with patch.object(operations, f"_step_{step}", side_effect=REFUSED):
            self.assertEqual(self.run_job(operation)[0], "failed")
        return operation

    def test_until_room_is_reserved_nothing_is_changed(self):
        instance = self.make_instance()
        before = self.limits(instance)
        for step in ("fit", "reserve"):
            with self.subTest(step=step):
                self.fail_in(step, instance, self.larger)
                self.assertEqual(self.limits(instance), before)
                self.assertEqual(self.instance(instance, "memory_mb"), 1024)
                self.assertEqual(self.found(self.reconcile()), {})

    def test_from_then_on_it_is_ended_by_the_reconciliation(self):
        for instance, plan, step, expected in self.failures():
            with self.subTest(step=step, larger=plan == self.larger):
                self.fail_in(step, instance, plan)
                # What came before a late step may be all that differed.
                if self.limits(instance) != expected:
                    self.assertEqual(len(self.reconcile()["repaired"]), 1)
                    self.assertEqual(self.work_at_last(instance), "repair_limits")
                self.check_ended(instance, plan, expected)

    def test_it_is_ended_by_a_retry_too(self):
        for instance, plan, step, expected in self.failures():
            with self.subTest(step=step, larger=plan == self.larger):
                operation = self.fail_in(step, instance, plan)
                with self.open_env() as env:
                    env["saas.instance"].browse(instance)._retry()
                self.work(operation)
                self.check_ended(instance, plan, expected)

    def failures(self):
        """Go through changes that may fail, to a larger plan and back.

        :return: instance, plan, step, and its limits in that plan
        """
        instance, plans = self.make_instance(), (self.ids["plan"], self.larger)
        limits = {plans[0]: self.limits(instance)}
        self.work(self.ask_for_plan(instance, plans[1]))
        limits[plans[1]] = self.limits(instance)
        for step in LIMIT:
            for plan in plans:
                yield instance, plan, step, limits[plan]

    def check_ended(self, instance, plan, expected):
        self.assertEqual(self.limits(instance), expected)
        self.assertEqual(self.instance(instance, "plan_id"), plan)
        self.check_settled(instance, "running")

    def test_a_worker_that_died_twice_leaves_it_to_the_reconciliation(self):
        instance = self.make_instance()
        operation = self.fail_in("quota", instance, self.larger)
        with self.open_env() as env:
            env["saas.operation"].browse(operation)._write_guarded(
                {"state": "running", "runner": "dead", "deaths": 1}
            )
        state, message = self.run_job(operation)
        self.assertEqual(state, "failed")
        self.assertIn("died 2 times", message)
        self.check_repaired(instance, "repair_limits")

    def test_one_of_a_stopped_instance_is_ended_without_starting_it(self):
        for kind, status in (("stop", "stopped"), ("suspend", "paused")):
            with self.subTest(status=status):
                instance = self.make_instance(kind)
                self.fail_in("quota", instance, self.larger)
                self.check_repaired(instance, "repair_limits", status)
                service = self.instance(instance, "service")
                self.assertFalse(self.outside.read("services")[service]["running"])


@tagged("post_install", "-at_install")
class TestLimitsDrift(LimitsCase):
    def test_a_limit_that_somebody_changed_is_set_again(self):
        instance = self.make_instance()
        before = self.limits(instance)
        for part, name, field in LIMITED:
            with self.subTest(part=part, name=name):
                self.change(instance, part, field, **{name: 7})
                self.check_repaired(instance, "repair_limits")
                self.assertEqual(self.limits(instance), before)

    def test_what_is_stopped_gets_the_limits_of_its_service_when_it_starts(self):
        instance = self.make_instance("stop")
        self.change(instance, "services", "service", memory=7)
        self.assertEqual(self.found(self.reconcile()), {})
        self.do(instance, "start")
        self.check_settled(instance, "running")
        self.assertEqual(self.limits(instance)[0], 1024**3)

    def test_what_is_not_told_of_limits_is_no_difference(self):
        instance = self.make_instance()
        self.change(instance, "services", "service", memory=None, cpu=None)
        self.change(instance, "directories", "directory", quota=None)
        self.change(instance, "routes", "service", websocket=None)
        self.assertEqual(self.found(self.reconcile()), {})

    def test_what_is_repaired_in_vain_is_left_to_people_in_the_end(self):
        instance = self.make_instance()
        for _ in range(saas_reconcile.MAX_REPAIRS):
            self.change(instance, "directories", "directory", quota=7)
            self.assertEqual(len(self.reconcile()["repaired"]), 1)
            self.fail_next("directory.ensure_directory", REFUSED)
            operation = self.instance(instance, "last_operation_id")
            self.assertEqual(self.run_job(operation)[0], "failed")
            self.assertEqual(self.instance(instance, "status"), "running")
        self.assertEqual(self.found(self.reconcile()), {})

    def test_web_sockets_that_lead_elsewhere_lead_there_again(self):
        instance = self.make_instance()
        self.work(self.ask_for_plan(instance, self.make_larger()))
        before = self.limits(instance)
        self.change(instance, "routes", "service", websocket="")
        self.check_repaired(instance, "repair")
        self.assertEqual(self.limits(instance), before)

    def test_an_old_name_that_leads_nowhere_leads_there_again(self):
        instance = self.make_renamed()
        for redirects in ([], ["elsewhere.tenants.test"]):
            with self.subTest(redirects=redirects):
                before = self.outside.read("routes")[self.instance(instance, "service")]
                self.change(instance, "routes", "service", redirects=redirects)
                self.check_repaired(instance, "repair")
                after = self.outside.read("routes")[self.instance(instance, "service")]
                self.assertEqual(after, before)

    def test_an_old_name_that_is_over_waits_to_be_released(self):
        instance = self.make_renamed()
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            old = record.subdomain_ids.filtered("redirect_until")
            yesterday = record._saas_now() - timedelta(days=1)
            old._write_guarded({"redirect_until": yesterday})
        self.assertEqual(self.found(self.reconcile()), {})
        self.change(instance, "routes", "service", redirects=[])
        self.assertEqual(self.found(self.reconcile()), {})

    def make_renamed(self):
        instance = self.make_instance()
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            operation = record._rename(f"r{uuid4().hex[:10]}").id
        self.work(operation)
        return instance
