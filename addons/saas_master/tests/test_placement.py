"""Where an instance goes: room is reserved once, in the right place, or refused."""

from contextlib import contextmanager
from threading import Barrier

from odoo.exceptions import UserError
from odoo.tests import tagged

from .committed import CommittedCase
from .common import build_outside, make_fleet

ROOM = 4
MEMORY = 1024


class PlacementCase(CommittedCase):
    def check_refused(self, text, **values):
        _instance, operation = self.create_instance(**values)
        state, message = self.run_job(operation)
        self.assertEqual(state, "failed")
        self.assertRegex(message, text)
        self.assertTrue(self.mails)

    def change(self, name, **values):
        """Change a record of the fleet until the test ends."""
        self.enterContext(self.changed(name, **values))

    @contextmanager
    def changed(self, name, **values):
        """Change a record of the fleet until the block ends."""
        with self.open_env() as env:
            record = self.fleet(env, name)
            model = record._name
            before = {field: record[field] for field in values}
            record.sudo().write(values)
        try:
            yield
        finally:
            self.set_values(model, self.ids[name], before)

    def set_values(self, model, record, values):
        with self.open_env() as env:
            env[model].browse(record).write(values)


@tagged("post_install", "-at_install")
class TestPlacementUnderConcurrency(PlacementCase):
    @classmethod
    def get_room(cls):
        return {"cores": 1000.0, "memory_mb": ROOM * MEMORY}

    def test_exactly_as_many_are_placed_as_there_is_room_for(self):
        asked = [self.create_instance() for _ in range(ROOM + 3)]
        start = Barrier(len(asked))

        def work(operation):
            start.wait(60)
            return self.run_job(operation)

        results = self.at_once(
            *[lambda operation=operation: work(operation) for _, operation in asked]
        )
        states = [result[0] for result in results]
        self.assertEqual(states.count("done"), ROOM, results)
        refused = [message for state, message in results if state == "failed"]
        self.assertEqual(len(refused), 3)
        for message in refused:
            self.assertIn("There is no room for 1024 MiB", message)
            self.assertIn("Add a node", message)
        self.assertEqual(len(self.mails), 3)
        with self.open_env() as env:
            placed = env["saas.instance"].browse([i for i, _ in asked])
            placed = placed.filtered("uid")
            self.assertEqual(len(placed), ROOM)
            self.assertEqual(len(set(placed.mapped("uid"))), ROOM)
            self.assertEqual(len(set(placed.mapped("port"))), ROOM)
        self.check_room_comes_back([i for i, _ in asked])

    def check_room_comes_back(self, instances):
        """A refused one takes the place of one that is terminated."""
        status = {one: self.instance(one, "status") for one in instances}
        running = [one for one in instances if status[one] == "running"]
        refused = [one for one in instances if status[one] == "error"]
        with self.open_env() as env:
            operation = env["saas.instance"].browse(refused[0])._retry().id
        self.assertEqual(self.run_job(operation)[0], "failed")
        self.do(running[0], "terminate")
        with self.open_env() as env:
            env["saas.instance"].browse(refused[0])._retry()
        self.work(operation)
        reactivate = self.ask(running[0], "reactivate")
        state, message = self.run_job(reactivate)
        self.assertEqual(state, "failed")
        self.assertIn("has no room left", message)

    def test_plans_that_grow_at_once_do_not_overbook(self):
        instances = [self.make_instance() for _ in range(2)]
        with self.open_env() as env:
            plan = env["saas.plan"].create(
                {"name": "Grown", "code": "grown", "memory_mb": 3 * MEMORY}
            )
            operations = [
                env["saas.instance"].browse(one)._change_plan(plan).id
                for one in instances
            ]
        start = Barrier(2)

        def work(operation):
            start.wait(60)
            return self.run_job(operation)

        results = self.at_once(
            *[lambda operation=operation: work(operation) for operation in operations]
        )
        self.assertEqual(sorted(state for state, _ in results), ["done", "failed"])
        [message] = [text for state, text in results if state == "failed"]
        self.assertIn("has no room for the plan Grown", message)
        memory = [self.instance(one, "memory_mb") for one in instances]
        self.assertEqual(sorted(memory), [MEMORY, 3 * MEMORY])

    def tearDown(self):
        for instance in self.get_instances():
            if self.instance(instance, "status") != "terminated":
                self.do(instance, "terminate")
        super().tearDown()

    def get_instances(self):
        with self.open_env() as env:
            domain = [("cluster_id", "=", self.ids["cluster"])]
            return env["saas.instance"].search(domain).ids


@tagged("post_install", "-at_install")
class TestPlacement(PlacementCase):
    def test_memory_is_sold_once_and_cores_twice(self):
        self.change("plan", cpu_cores=2.0)
        with self.open_env() as env:
            cluster = self.fleet(env, "cluster")
            node = cluster.node_ids
            before = {"cores": node.cores, "memory_mb": node.memory_mb}
            node.write({"cores": 2.0, "memory_mb": 100_000})
            self.assertEqual(cluster.cores, 4.0)
            node_id = node.id
        self.addCleanup(self.set_values, "saas.node", node_id, before)
        instances = [self.make_instance() for _ in range(2)]
        self.check_refused("no room for 1024 MiB and 2.0 cores")
        self.set_values("saas.node", node_id, {"cores": 100.0, "memory_mb": 2 * MEMORY})
        self.check_refused("no room for 1024 MiB")
        for instance in instances:
            self.do(instance, "terminate")

    def test_a_lost_node_is_no_room(self):
        with self.open_env() as env:
            node = self.fleet(env, "cluster").node_ids.id
        self.addCleanup(self.set_values, "saas.node", node, {"state": "ready"})
        for state in ("lost", "drained"):
            self.set_values("saas.node", node, {"state": state})
            self.check_refused("There is no room")

    def test_the_region_that_was_chosen_is_respected(self):
        with self.open_env() as env:
            other = make_fleet(env)
            build_outside(other.template)
            region, cluster = other.region.id, other.cluster.id
        with self.open_env() as env:
            asked = self.request(env, region=env["saas.region"].browse(region))
            instance, operation = asked.id, asked.last_operation_id.id
        self.work(operation)
        self.assertEqual(self.instance(instance, "cluster_id"), cluster)
        here = self.make_instance()
        self.assertEqual(self.instance(here, "cluster_id"), self.ids["cluster"])
        self.set_values("saas.cluster", cluster, {"state": "draining"})
        with self.assertRaisesRegex(UserError, "No template is ready in"):
            self.create_in(region)

    def create_in(self, region):
        with self.open_env() as env:
            self.request(env, region=env["saas.region"].browse(region))

    def test_without_a_ready_template_nothing_is_begun(self):
        self.change_template("retired")
        with (
            self.open_env() as env,
            self.assertRaisesRegex(UserError, "build one first"),
        ):
            self.request(env, subdomain="no-template")
        with self.open_env() as env:
            self.assertFalse(
                env["saas.subdomain"].search([("name", "=", "no-template")])
            )

    def test_a_template_that_was_retired_meanwhile_is_not_used(self):
        _instance, operation = self.create_instance()
        self.change_template("retired")
        state, message = self.run_job(operation)
        self.assertEqual(state, "failed")
        self.assertIn("No template is ready", message)

    def change_template(self, state):
        def write(value):
            with self.open_env() as env:
                self.fleet(env, "template")._write_guarded({"state": value})

        write(state)
        self.addCleanup(write, "ready")

    def test_what_drains_or_is_closed_takes_nothing_new(self):
        for name in ("cluster", "server"):
            for state in ("draining", "closed"):
                with (
                    self.subTest(name=name, state=state),
                    self.changed(name, state=state),
                    self.assertRaisesRegex(UserError, "No template is ready"),
                ):
                    self.create_instance()

    def test_a_storage_that_drains_takes_nothing_new(self):
        self.change("storage", state="draining")
        self.check_refused("There is no room")

    def test_full_servers_and_storages_are_no_room(self):
        for name, values in (
            ("storage", {"max_tenants": 0}),
            ("storage", {"max_gigabytes": 5}),
            ("storage", {"total_mb": 5000}),
            ("server", {"max_databases": 0}),
            ("server", {"max_connections": 2}),
            ("server", {"max_gigabytes": 0}),
        ):
            with self.subTest(name=name, values=values), self.changed(name, **values):
                self.mails.clear()
                self.check_refused("There is no room")

    def test_a_template_is_a_database_of_its_server(self):
        with self.open_env() as env:
            server = self.fleet(env, "server")
            placed = server.instance_count
            self.assertEqual(server.template_count, 1)
        self.change("server", max_databases=placed + 1)
        self.check_refused("There is no room")
        self.change("server", max_databases=placed + 2)
        self.do(self.make_instance(), "terminate")

    def test_no_number_left_is_told(self):
        self.change("cluster", port_count=0)
        self.check_refused("No port is free")

    def test_a_user_id_that_was_given_up_rests_while_there_are_others(self):
        given_up = self.make_instance()
        uid = self.instance(given_up, "uid")
        for kind in ("terminate", "purge"):
            self.do(given_up, kind)
        with self.open_env() as env:
            base = self.fleet(env, "cluster").uid_base
        following = self.make_instance()
        self.assertEqual(self.instance(following, "uid"), uid + 1)
        self.change("cluster", uid_count=uid + 2 - base)
        last = self.make_instance()
        self.assertLessEqual(self.instance(last, "uid"), uid)
        for instance in (following, last):
            self.do(instance, "terminate")

    def test_names_are_fixed_once(self):
        instance = self.make_instance()
        names = ("database", "service", "directory", "uid")
        before = self.instance(instance, *names)
        uuid, partner = self.instance(instance, "uuid", "partner_id")
        digits = uuid.replace("-", "")[:8]
        self.assertEqual(before[0], f"odoo_cust{partner}_{digits}")
        self.assertEqual(before[1], f"odoo_{digits}")
        self.assertEqual(before[2], f"odoo_data_{before[0]}_{uuid}")
        self.do(instance, "terminate")
        self.do(instance, "reactivate")
        self.assertEqual(self.instance(instance, *names), before)
