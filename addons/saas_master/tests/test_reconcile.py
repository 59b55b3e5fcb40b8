"""Drift is repaired, data never; what looks like a disaster is left to people."""

from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.saas_infra.drivers import fakes
from odoo.addons.saas_infra.drivers.errors import (
    PermanentInfraError,
    RetryableInfraError,
)

from ..models import saas_reconcile
from .reconcile_common import ReconcileCase


@tagged("post_install", "-at_install")
class TestReconcile(ReconcileCase):
    # === DRIFT THAT IS REPAIRED === #

    def test_nothing_drifted_changes_nothing(self):
        for kinds in ((), ("stop",), ("suspend",), ("terminate",)):
            self.make_instance(*kinds)
        calls = len(self.calls("ensure_"))
        report = self.reconcile()
        self.assertEqual(self.found(report), {})
        self.assertGreaterEqual(report["compared"], 5)
        self.assertEqual(len(self.calls("ensure_")), calls)

    def test_a_dead_service_is_started_again(self):
        instance = self.make_instance()
        with self.outside_of(instance, "services") as services:
            services[self.service]["running"] = False
        report = self.reconcile()
        self.assertEqual(len(report["repaired"]), 1)
        self.assertEqual(self.work_at_last(instance), "repair")
        self.assertTrue(self.outside.read("services")[self.service]["running"])
        self.check_settled(instance, "running")

    def test_a_service_that_is_gone_is_made_again(self):
        instance = self.make_instance()
        with self.outside_of(instance, "services") as services:
            del services[self.service]
        self.reconcile()
        self.assertEqual(self.work_at_last(instance), "repair")
        self.check_settled(instance, "running")

    def test_what_should_not_run_is_ended(self):
        for kind, status in (("stop", "stopped"), ("suspend", "paused")):
            with self.subTest(kind=kind):
                instance = self.make_instance(kind)
                with self.outside_of(instance, "services") as services:
                    services[self.service]["running"] = True
                self.reconcile()
                self.assertEqual(self.work_at_last(instance), "repair_stop")
                self.assertFalse(self.outside.read("services")[self.service]["running"])
                self.check_settled(instance, status)

    def test_the_service_of_what_has_ended_is_removed(self):
        for running in (True, False):
            with self.subTest(running=running):
                instance = self.make_instance()
                with self.outside_of(instance, "services") as services:
                    kept = services[self.service]
                self.do(instance, "terminate")
                with self.outside_of(instance, "services") as services:
                    services[self.service] = {**kept, "running": running}
                self.assertEqual(len(self.reconcile(dry_run=True)["repaired"]), 1)
                self.reconcile()
                self.assertEqual(self.work_at_last(instance), "repair_end")
                self.assertNotIn(self.service, self.outside.read("services"))
                self.check_settled(instance, "terminated")

    def test_a_route_that_is_missing_or_wrong_is_written_again(self):
        for kinds, status, state in (
            ((), "running", "running"),
            (("stop",), "stopped", "stopped"),
            (("suspend",), "paused", "suspended"),
        ):
            for damage in ("missing", "state", "hosts"):
                with self.subTest(status=status, damage=damage):
                    instance = self.make_instance(*kinds)
                    with self.outside_of(instance, "routes") as routes:
                        if damage == "missing":
                            del routes[self.service]
                        elif damage == "state":
                            routes[self.service]["state"] = "starting"
                        else:
                            routes[self.service]["hosts"] = ["elsewhere.tenants.test"]
                    self.reconcile()
                    self.work_at_last(instance)
                    route = self.outside.read("routes")[self.service]
                    self.assertEqual(route["state"], state)
                    name = self.instance(instance, "subdomain")
                    self.assertEqual(route["hosts"], [f"{name}.tenants.test"])
                    self.check_settled(instance, status)

    def test_a_dry_run_only_tells(self):
        instance = self.make_instance()
        last = self.instance(instance, "last_operation_id")
        with self.outside_of(instance, "services") as services:
            services[self.service]["running"] = False
        report = self.reconcile(dry_run=True)
        self.assertEqual(len(report["repaired"]), 1)
        self.assertEqual(self.instance(instance, "last_operation_id"), last)

    def test_what_is_being_changed_is_left_alone(self):
        instance = self.make_instance()
        restart = self.ask(instance, "restart")
        with self.outside_of(instance, "services") as services:
            services[self.service]["running"] = False
        self.assertEqual(self.found(self.reconcile()), {})
        self.work(restart)

    def test_what_failed_on_its_way_is_left_to_people(self):
        for kind in ("stop", "suspend"):
            with self.subTest(kind=kind):
                instance = self.make_instance()
                operation = self.ask(instance, kind)
                self.fail_next("process.stop_service", PermanentInfraError("Refused."))
                self.assertEqual(self.run_job(operation)[0], "failed")
                self.assertEqual(self.found(self.reconcile()), {})

    def test_what_failed_and_came_back_is_taken_in(self):
        instance = self.break_down()
        self.reconcile()
        self.assertEqual(self.work_at_last(instance), "repair")
        self.check_settled(instance, "running")

    def test_what_failed_and_did_not_come_back_is_left_to_people(self):
        instance = self.break_down()
        last = self.instance(instance, "last_operation_id")
        with self.outside_of(instance, "services") as services:
            services[self.service]["running"] = False
        self.assertEqual(self.found(self.reconcile()), {})
        self.assertEqual(self.instance(instance, "last_operation_id"), last)

    def test_what_runs_but_never_answers_is_left_to_people_in_the_end(self):
        instance = self.break_down()
        for _ in range(saas_reconcile.MAX_REPAIRS):
            self.assertEqual(len(self.reconcile()["repaired"]), 1)
            self.fail_last(instance)
        self.assertEqual(self.found(self.reconcile()), {})

    def test_many_that_come_back_at_once_are_no_disaster(self):
        instances = [self.break_down() for _ in range(2)]
        with patch.object(saas_reconcile, "DRIFT_FLOOR", 1):
            for _ in range(2):  # One after the other.
                report = self.reconcile()
                self.assertEqual(self.found(report), {"repaired": report["repaired"]})
                self.assertEqual(len(report["repaired"]), 1)
        for instance in instances:
            self.assertEqual(self.work_at_last(instance), "repair")

    def break_down(self):
        """Have a restart give up that waits for an answer."""
        instance = self.make_instance()
        self.ask(instance, "restart")
        self.fail_last(instance)
        return instance

    def fail_last(self, instance):
        self.fail_next("tenant.wait_healthy", PermanentInfraError("It is silent."))
        operation = self.instance(instance, "last_operation_id")
        self.assertEqual(self.run_job(operation)[0], "failed")
        self.assertEqual(self.instance(instance, "status"), "error")

    def test_what_came_after_the_look_is_not_missed_by_it(self):
        listing = fakes.FakePostgresqlDriver.list_databases
        late = []

        def create_meanwhile(driver):
            found = listing(driver)
            if not late:
                late.append(self.make_instance())
            return found

        with patch.object(
            fakes.FakePostgresqlDriver, "list_databases", create_meanwhile
        ):
            report = self.reconcile()
        self.assertTrue(late)
        self.assertEqual(self.found(report), {})

    # === DATA === #

    def test_lost_data_rings_and_is_never_made_anew(self):
        for part, field, text in (
            ("databases", "database", "database"),
            ("directories", "directory", "folder"),
        ):
            with self.subTest(part=part):
                instance = self.make_instance()
                name, last = self.instance(instance, field, "last_operation_id")
                with self.outside_of(instance, part) as found:
                    removed = found.pop(name)
                self.mails.clear()
                report = self.reconcile()
                self.assertEqual(len(report["lost"]), 1)
                self.assertFalse(report["repaired"])
                [(subject, told)] = self.mails
                self.assertEqual(subject, "Data is gone")
                self.assertIn(f"The {text} {name} is gone", told)
                self.assertNotIn(name, self.outside.read(part))
                self.assertEqual(self.instance(instance, "last_operation_id"), last)
                self.reconcile()
                self.assertEqual(len(self.mails), 1, "told again within hours")
                with self.outside_of(instance, part) as found:
                    found[name] = removed
                self.assertEqual(self.found(self.reconcile()), {})

    def test_data_of_a_closed_server_is_not_missed(self):
        with self.open_env() as env:
            self.fleet(env, "server").state = "closed"
            self.fleet(env, "storage").state = "closed"
        self.addCleanup(self.open_again)
        report = self.reconcile()
        self.assertFalse(report["lost"])

    def open_again(self):
        with self.open_env() as env:
            self.fleet(env, "server").state = "open"
            self.fleet(env, "storage").state = "open"

    # === STOP AND RING === #

    def test_an_empty_listing_stops_and_rings(self):
        other = self.make_instance()
        for method in (
            "FakeProcessDriver.list_services",
            "FakePostgresqlDriver.list_databases",
            "FakeDirectoryDriver.list_directories",
            "FakeNginxDriver.list_routes",
            "FakeEximDriver.list_logins",
        ):
            with self.subTest(method=method):
                self.mails.clear()
                last = self.instance(other, "last_operation_id")
                with patch(
                    f"odoo.addons.saas_infra.drivers.fakes.{method}",
                    lambda *_args, **_options: {},
                ):
                    report = self.reconcile()
                self.check_stopped(report)
                self.assertEqual(self.instance(other, "last_operation_id"), last)
                self.quieten()

    def test_more_drift_than_can_be_stops_and_rings(self):
        others = [self.make_instance() for _ in range(2)]
        with self.outside.get_world().change() as state:
            for service in state["services"].values():
                service["running"] = False
        with patch.object(saas_reconcile, "DRIFT_FLOOR", 2):
            self.check_stopped(self.reconcile())
        with patch.object(saas_reconcile, "DRIFT_FLOOR", 3):
            self.assertEqual(len(self.reconcile()["repaired"]), 3)
        for instance in (self.neighbour, *others):
            self.work_at_last(instance)

    def test_a_storage_without_its_sentinel_stops_and_rings(self):
        with self.outside.get_world().change() as state:
            state["mounted"] = False
        self.check_stopped(self.reconcile(), "not mounted. Mount it.")

    def test_a_cluster_that_does_not_answer_stops_and_rings(self):
        for call in (
            "process.list_services",
            "postgresql.list_databases",
            "nginx.list_routes",
        ):
            with self.subTest(call=call):
                self.mails.clear()
                self.fail_next(call, RetryableInfraError("Connection refused."))
                self.check_stopped(self.reconcile(), "Connection refused.")
                self.assertEqual(self.found(self.reconcile()), {})
                self.quieten()

    def test_a_frozen_platform_is_not_reconciled(self):
        self.addCleanup(self.unfreeze)
        with self.open_env() as env:
            env["saas.operation"]._freeze("Hands off.")
        calls = len(self.calls("list_"))
        report = self.reconcile()
        self.assertEqual(report["alarms"], ["The platform is frozen."])
        self.assertEqual(len(self.calls("list_")), calls)
