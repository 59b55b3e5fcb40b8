"""What dies or comes back by itself is seen at once, told once, and repaired later."""

from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from odoo.addons.saas_infra.drivers import watch
from odoo.addons.saas_infra.drivers.errors import (
    PermanentInfraError,
    RetryableInfraError,
)
from odoo.addons.saas_infra.drivers.specs import NodeState

from ..models import saas_watch, saas_watch_instance
from .reconcile_common import ReconcileCase

WHY = "It was killed: most likely it wanted more memory than its plan has."
AGAIN = "It keeps crashing: It ended with exit code 1."


class WatchCase(ReconcileCase):
    def look(self):
        return watch.look(self.ids["cluster"], self.outside.driver("process"))

    def take_in(self, sight=None):
        with self.open_env() as env:
            env["saas.watch"]._take_in(sight or self.look())

    def kill(self, *instances, why=WHY):
        self.set_services(instances, {"running": False, "why": why})

    def revive(self, *instances):
        self.set_services(instances, {"running": True})

    def set_services(self, instances, values):
        names = [self.instance(instance, "service") for instance in instances]
        with self.outside.get_world().change() as state:
            for name in names:
                state["services"][name] |= values

    def events(self, kind):
        with self.open_env() as env:
            return env["saas.event"].search([("kind", "=", kind)]).mapped("message")

    def rows(self):
        """Return what would tell that anything was written."""
        with self.open_env() as env:
            env.cr.execute("SELECT sum(xmin::text::bigint) FROM saas_instance")
            return env.cr.fetchone()


@tagged("post_install", "-at_install")
class TestWatchInstances(WatchCase):
    def setUp(self):
        super().setUp()
        self.tenant = self.make_instance()
        self.name = self.instance(self.tenant, "subdomain")

    def test_who_dies_is_seen_with_its_reason_and_told_once(self):
        self.kill(self.tenant)
        for _time in range(2):
            self.take_in()
        status, message = self.instance(self.tenant, "status", "message")
        self.assertEqual((status, message), ("error", WHY))
        self.assertTrue(self.instance(self.tenant, "down_since"))
        self.assertEqual(self.instance(self.neighbour, "status"), "running")
        self.assertEqual(self.mails, [(f"{self.name} does not run", WHY)])
        self.assertEqual(len(self.events("instance_down")), 1)

    def test_who_comes_back_runs_again(self):
        self.kill(self.tenant)
        self.take_in()
        self.revive(self.tenant)
        self.take_in()
        values = self.instance(self.tenant, "status", "message", "down_since")
        self.assertEqual(values, ["running", False, False])
        self.assertEqual(self.events("instance_back"), [f"{self.name} runs again."])

    def test_one_that_dies_again_and_again_is_not_told_each_time(self):
        for _time in range(3):
            self.kill(self.tenant)
            self.take_in()
            self.assertEqual(self.instance(self.tenant, "status"), "error")
            self.revive(self.tenant)
            self.take_in()
            self.assertEqual(self.instance(self.tenant, "status"), "running")
        self.assertEqual(len(self.mails), 1)
        self.assertEqual(len(self.events("instance_back")), 1)

    def test_a_reason_that_changes_is_read_and_rings_no_more(self):
        self.kill(self.tenant)
        self.take_in()
        self.kill(self.tenant, why=AGAIN)
        self.take_in()
        self.assertEqual(self.instance(self.tenant, "message"), AGAIN)
        self.assertEqual(len(self.mails), 1)

    def test_a_service_that_is_gone_is_seen(self):
        with self.outside_of(self.tenant, "services") as services:
            del services[self.service]
        self.take_in()
        self.assertEqual(self.instance(self.tenant, "message"), "Its service is gone.")

    def test_nothing_is_written_where_nothing_changed(self):
        self.kill(self.tenant)
        self.take_in()
        before = self.rows()
        for _time in range(2):
            self.take_in()
        self.assertEqual(self.rows(), before)

    def test_many_that_die_at_once_are_told_in_one_mail(self):
        others = [self.make_instance() for _time in range(2)]
        self.kill(self.neighbour, self.tenant, *others)
        with patch.object(saas_watch_instance, "FEW", 2):
            self.take_in()
        [(subject, text)] = self.mails
        self.assertIn("4 instances", subject)
        self.assertIn(f"{self.name}: {WHY}", text)
        self.assertEqual(len(self.events("instance_down")), 4)

    def test_who_was_ended_by_the_platform_has_not_died(self):
        for kind in ("stop", "suspend", "terminate"):
            with self.subTest(kind=kind):
                instance = self.make_instance(kind)
                before = self.instance(instance, "status")
                self.take_in()
                self.assertEqual(self.instance(instance, "status"), before)
        self.assertFalse(self.mails)

    def test_who_is_being_changed_is_left_alone(self):
        restart = self.ask(self.tenant, "restart")
        self.kill(self.tenant)
        self.take_in()
        self.assertFalse(self.instance(self.tenant, "down_since"))
        self.work(restart)
        self.assertEqual(self.instance(self.tenant, "status"), "running")

    def test_a_look_from_before_a_change_tells_nothing(self):
        self.kill(self.tenant)
        before = self.look()
        self.do(self.tenant, "restart")
        self.take_in(before)
        self.assertEqual(self.instance(self.tenant, "status"), "running")

    def test_a_look_that_failed_or_found_nothing_tells_nothing(self):
        self.fail_next("process.list_services", RetryableInfraError("Refused."))
        self.take_in()
        self.take_in(replace(self.look(), services={}))
        self.assertEqual(self.instance(self.tenant, "status"), "running")

    def test_what_failed_to_start_is_left_to_reconciling(self):
        self.ask(self.tenant, "restart")
        self.fail_next("tenant.wait_healthy", PermanentInfraError("It is silent."))
        operation = self.instance(self.tenant, "last_operation_id")
        self.assertEqual(self.run_job(operation)[0], "failed")
        self.take_in()
        self.assertEqual(self.instance(self.tenant, "status"), "error")

    def test_who_stays_dead_is_repaired_as_if_nobody_had_seen_it(self):
        self.kill(self.tenant)
        self.take_in()
        self.assertEqual(len(self.reconcile()["repaired"]), 1)
        self.assertEqual(self.work_at_last(self.tenant), "repair")
        self.assertFalse(self.instance(self.tenant, "down_since"))
        self.check_settled(self.tenant, "running")

    def test_who_cannot_be_repaired_is_left_to_people(self):
        self.kill(self.tenant)
        self.take_in()
        self.reconcile()
        self.fail_next("process.ensure_service", PermanentInfraError("It is full."))
        operation = self.instance(self.tenant, "last_operation_id")
        self.assertEqual(self.run_job(operation)[0], "failed")
        self.kill(self.tenant)
        self.take_in()
        self.assertEqual(self.found(self.reconcile()), {})


@tagged("post_install", "-at_install")
class TestWatchNodes(WatchCase):
    def note(self, **states):
        with self.open_env() as env:
            self.fleet(env, "cluster")._note_nodes(
                {
                    name: NodeState(name=name, state=state, cores=4, memory=8 << 30)
                    for name, state in states.items()
                }
            )

    def node(self, *names):
        [node] = self.look_up("saas.cluster", self.ids["cluster"], "node_ids")[:1]
        return self.look_up("saas.node", node, *names)

    def set_node(self, **values):
        with self.open_env() as env:
            self.fleet(env, "cluster").node_ids[:1].write(values)

    def tearDown(self):
        with self.open_env() as env:
            nodes = self.fleet(env, "cluster").node_ids
            (nodes - nodes[:1]).unlink()
            nodes[:1].write({"state": "ready", "seen_state": "ready"})
        super().tearDown()

    def test_a_connection_that_is_tried_takes_in_nodes_as_the_watch_does(self):
        seen = [{"name": "second", "cores": 4.0, "memory": 8 << 30, "load": 0.5}]
        look = {
            "services": 0,
            "nodes": {node["name"]: {**node, "state": "ready"} for node in seen},
        }
        with self.open_env() as env:
            cluster = self.fleet(env, "cluster")
            for _time in range(2):
                cluster._note(look)
            second = cluster.node_ids.filtered(lambda node: node.name == "second")
            self.assertEqual(
                (second.cores, second.memory_mb, second.load), (4.0, 8192, 0.5)
            )
            # The other one is no longer there.
            self.assertEqual(cluster.memory_mb, 8192)

    def test_a_node_that_is_lost_rings_once_and_comes_back(self):
        for _time in range(2):
            self.note(localhost="lost")
        self.assertEqual(self.node("state"), "lost")
        [(subject, _text)] = self.mails
        self.assertRegex(subject, "Node localhost of .*: Lost")
        self.note(localhost="ready")
        self.assertEqual(self.node("state"), "ready")
        changes = self.events("node_changed")
        self.assertEqual(
            [change.partition(": ")[2] for change in changes],
            ["State Lost → Ready", "State Ready → Lost"],
        )

    def test_a_node_that_its_cluster_does_not_name_is_lost(self):
        self.note()
        self.assertEqual(self.node("state"), "lost")

    def test_a_node_that_was_drained_outside_takes_tenants_again_later(self):
        self.note(localhost="drained")
        self.assertEqual(self.node("state"), "drained")
        self.note(localhost="ready")
        self.assertEqual(self.node("state"), "ready")

    def test_what_people_say_of_a_node_stays(self):
        self.set_node(state="drained")
        for state in ("ready", "lost", "ready"):
            self.note(localhost=state)
            self.assertEqual(self.node("state"), "drained")

    def test_a_new_node_is_taken_in_with_its_room(self):
        for _time in range(2):
            self.note(localhost="ready", node2="ready")
        with self.open_env() as env:
            node = self.fleet(env, "cluster").node_ids.filtered(
                lambda one: one.name == "node2"
            )
            self.assertEqual(len(node), 1)
            self.assertEqual((node.cores, node.memory_mb), (4, 8192))

    def test_when_it_was_seen_is_written_now_and_then(self):
        self.set_node(last_seen=fields.Datetime.now() - timedelta(hours=1))
        self.note(localhost="ready")
        seen = self.node("last_seen")
        self.note(localhost="ready")
        self.assertEqual(self.node("last_seen"), seen)
        self.assertLess(fields.Datetime.now() - seen, timedelta(minutes=5))


@tagged("post_install", "-at_install")
class TestWatchJob(WatchCase):
    def count_jobs(self):
        with self.open_env() as env:
            mine = [("model_name", "=", "saas.watch"), ("state", "=", "pending")]
            return env["queue.job"].search_count(mine)

    def run_watch(self):
        with self.open_env() as env:
            env["saas.watch"]._job_watch()

    def test_a_job_sees_what_died_and_leaves_the_next_one_behind(self):
        self.kill(self.neighbour)
        with patch.object(saas_watch, "SECONDS", 3):
            self.run_watch()
        self.assertEqual(self.instance(self.neighbour, "status"), "error")
        self.assertEqual(self.count_jobs(), 1)
        with self.open_env() as env:
            env["saas.watch"].with_context(a=1)._cron_watch()
        self.assertEqual(self.count_jobs(), 1)

    def test_a_service_that_is_to_end_is_not_kept_waiting(self):
        with patch.object(saas_watch, "is_stopping", lambda: True):
            self.run_watch()
        self.assertEqual(self.count_jobs(), 1)

    def test_a_frozen_platform_is_not_watched(self):
        self.addCleanup(self.unfreeze)
        with self.open_env() as env:
            env["saas.operation"]._freeze("Hands off.")
        self.run_watch()
        self.assertEqual(self.count_jobs(), 0)

    def test_the_queue_runs_it(self):
        with self.open_env() as env:
            env["saas.watch"]._cron_watch()
            job = env["queue.job"].search([("model_name", "=", "saas.watch")], limit=1)
            self.assertTrue(job._is_allowed())
            self.assertEqual(job.channel, "root.watch")


@tagged("post_install", "-at_install")
class TestWatchRoutes(WatchCase):
    def setUp(self):
        super().setUp()
        self.tenant = self.make_instance()

    def look_at_routes(self):
        proxy = self.outside.driver("nginx")
        sight = watch.look_at_routes(self.ids["proxy"], proxy)
        with self.open_env() as env:
            env["saas.watch"]._mend_routes(sight)

    def lose_routes(self):
        before = dict(self.outside.read("routes"))
        with self.outside.get_world().change() as state:
            state["routes"].clear()
        return before

    def test_a_proxy_that_lost_its_routes_gets_all_of_them_again(self):
        before = self.lose_routes()
        self.look_at_routes()
        self.assertEqual(self.outside.read("routes"), before)
        [(subject, text)] = self.mails
        self.assertIn("had lost its routes", subject)
        self.assertIn("written again", text)

    def test_who_is_down_is_found_again_when_it_comes_back(self):
        self.kill(self.tenant)
        self.take_in()
        self.assertEqual(self.instance(self.tenant, "status"), "error")
        before = self.lose_routes()
        self.look_at_routes()
        self.assertEqual(self.outside.read("routes"), before)

    def test_who_found_no_place_to_come_back_to_is_told_as_stopped(self):
        self.do(self.tenant, "terminate")
        with self.open_env() as env:
            instance = env["saas.instance"].browse(self.tenant)
            instance._write_guarded({"status": "error", "desired_status": "running"})
        name = self.instance(self.tenant, "service")
        self.lose_routes()
        self.look_at_routes()
        self.assertEqual(self.outside.read("routes")[name]["state"], "stopped")

    def test_one_that_has_any_route_is_left_to_reconciling(self):
        name = self.instance(self.tenant, "service")
        with self.outside.get_world().change() as state:
            del state["routes"][name]
        self.look_at_routes()
        self.assertNotIn(name, self.outside.read("routes"))
        self.assertFalse(self.mails)

    def test_nothing_is_written_while_the_platform_is_frozen(self):
        self.lose_routes()
        with self.open_env() as env:
            env["saas.operation"]._freeze("Hands off.")
        try:
            self.look_at_routes()
        finally:
            with self.open_env() as env:
                env["saas.operation"]._unfreeze()
        self.assertFalse(self.outside.read("routes"))

    def test_one_that_cannot_be_asked_is_not_written_to(self):
        self.lose_routes()
        refused = RetryableInfraError("Refused.")
        self.outside.get_world().fail_next("nginx.is_emptied", refused)
        self.look_at_routes()
        self.assertFalse(self.outside.read("routes"))

    def test_one_that_refuses_its_routes_is_told(self):
        self.lose_routes()
        refused = RetryableInfraError("The disk is full.")
        self.outside.get_world().fail_next("nginx.ensure_route", refused)
        self.look_at_routes()
        self.assertIn("The disk is full.", self.mails[0][1])
