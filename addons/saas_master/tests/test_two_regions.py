"""Two clusters and two database servers in one master, each in its region."""

import json
from contextlib import contextmanager

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.saas_infra.drivers.errors import RetryableInfraError

from .committed import CommittedCase
from .common import FakeOutside, build_outside, make_fleet, make_ready_template

HERE, THERE = "here", "there"
# Which calls only look.
LOOKS = ("check", "list_", "read_fence", "set_fence", "room", "ping")


class TwoWorlds(FakeOutside):
    """A world of its own for the places of a second region."""

    second = None  # the region's id

    def get_path(self, place=None):
        if place is None or self._find_region(place).id != self.second:
            return self.world
        return self.world.with_name("second.json")

    @staticmethod
    def _find_region(place):
        served_by = {"saas.proxy": "proxy_id", "saas.mail.relay": "relay_id"}
        if field := served_by.get(place._name):
            clusters = place.env["saas.cluster"]
            place = clusters.search([(field, "=", place.id)], limit=1)
        if place._name == "saas.storage":
            place = place.cluster_id
        return place.region_id


@tagged("post_install", "-at_install")
class TestTwoRegions(CommittedCase):
    outside_class = TwoWorlds

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.places = {HERE: cls.ids}
        with cls.open_env() as env:
            fleet = make_fleet(env)
            cls.outside.second = fleet.region.id
            fleet.template._write_guarded({"state": "retired"})
            # The same release is sold in both.
            version = env["saas.odoo.version"].browse(cls.ids["version"])
            fleet.template = make_ready_template(
                env, version, fleet.cluster, fleet.server, fleet.storage
            )
            env.flush_all()
            build_outside(fleet.template)
            found = {name: record.id for name, record in vars(fleet).items()}
            cls.places[THERE] = found
            cls.worlds = {
                HERE: cls.outside.get_world(),
                THERE: cls.outside.get_world(fleet.cluster),
            }

    def setUp(self):
        super().setUp()
        before = {where: self.look(where) for where in self.worlds}
        ids = self.get_last_ids()
        self.addCleanup(self.restore, before)
        self.addCleanup(self.forget, ids)

    def restore(self, before):
        for where, found in before.items():
            with self.worlds[where].change() as state:
                state.clear()
                state.update(found)

    def look(self, where):
        """Read all of a world, its log of calls too."""
        return json.loads(self.worlds[where].path.read_text())

    @contextmanager
    def untouched(self, where):
        """Nobody so much as asks there."""
        before = self.look(where)
        yield
        self.assertEqual(self.look(where), before)

    def make(self, where):
        """Have a running instance in a region.

        :return: its id
        """
        with self.open_env() as env:
            region = env["saas.region"].browse(self.places[where]["region"])
            instance = self.request(env, region=region)
            made, operation = instance.id, instance.last_operation_id.id
        self.work(operation)
        return made

    def other_than(self, where):
        return HERE if where == THERE else THERE

    def test_an_instance_lands_in_its_region_and_nothing_of_the_other_is_touched(self):
        names = ("cluster", "database_server", "storage", "template", "region")
        for where, places in self.places.items():
            with self.subTest(where=where), self.untouched(self.other_than(where)):
                made = self.make(where)
                wanted = [places[name.removeprefix("database_")] for name in names]
                fields = [f"{name}_id" for name in names]
                self.assertEqual(self.instance(made, *fields), wanted)

                outside = self.look(where)
                database, directory, service = self.instance(
                    made, "database", "directory", "service"
                )
                template = self.look_up("saas.template", places["template"], "database")
                self.assertEqual(outside["databases"][database]["template"], template)
                root = self.look_up("saas.storage", places["storage"], "root")
                self.assertEqual(outside["directories"][directory]["root"], root)
                self.assertTrue(outside["services"][service]["running"])
                self.assertIn(database, outside["roles"])
                self.assertIn(service, outside["routes"])

    def test_a_whole_life_leaves_the_other_region_as_it_was(self):
        with self.open_env() as env:
            larger = self.fleet(env, "plan").copy({"name": "L", "code": "two-larger"})
            larger.memory_mb *= 2
        made = self.make(THERE)
        with self.untouched(HERE):
            self.do(made, "change_plan", plan="two-larger")
            for kind in ("suspend", "resume", "restart", "terminate", "purge"):
                self.do(made, kind)
        self.assertFalse(self.look(THERE)["services"])

    def test_where_a_region_is_full_nobody_is_sent_to_the_other(self):
        with self.open_env() as env:
            cluster = env["saas.cluster"].browse(self.places[THERE]["cluster"])
            cluster.node_ids.state = "lost"
        self.addCleanup(self.bring_nodes_back)
        with self.untouched(HERE), self.open_env() as env:
            region = env["saas.region"].browse(self.places[THERE]["region"])
            operation = self.request(env, region=region).last_operation_id.id
            env.cr.commit()
            state, message = self.run_job(operation)
        self.assertEqual(state, "failed")
        self.assertIn("There is no room", message)

    def bring_nodes_back(self):
        with self.open_env() as env:
            cluster = env["saas.cluster"].browse(self.places[THERE]["cluster"])
            cluster.node_ids.state = "ready"

    def test_what_is_lost_is_repaired_where_it_was(self):
        made = {where: self.make(where) for where in self.worlds}
        self.make(THERE)  # Were all of them gone, it would be the look that failed.
        service, name = self.instance(made[THERE], "service", "subdomain")
        with self.worlds[THERE].change() as state:
            del state["services"][service]
        asked = len(self.look(HERE)["log"])

        report = self.reconcile()

        self.assertFalse(report["alarms"] + report["orphans"] + report["lost"])
        [repaired] = report["repaired"]
        self.assertIn(name, repaired)
        self.work_at_last(made[THERE])
        self.assertTrue(self.look(THERE)["services"][service]["running"])
        for call in self.look(HERE)["log"][asked:]:
            self.assertTrue(call.partition(".")[2].startswith(LOOKS), call)

    def test_a_region_that_does_not_answer_holds_up_nothing_of_the_other(self):
        self.make(THERE)
        self.make(HERE)
        silent = RetryableInfraError("The engine does not answer.")
        self.worlds[THERE].fail_next("process.list_services", silent)

        report = self.reconcile()

        cluster = self.look_up("saas.cluster", self.places[THERE]["cluster"], "name")
        self.assertEqual(report["alarms"], [f"{cluster}: {silent}"])
        self.assertGreaterEqual(report["compared"], 1)
        with self.untouched(THERE):
            self.make(HERE)

    def reconcile(self):
        with self.open_env() as env:
            return env["saas.reconcile"]._reconcile()

    def test_a_template_is_built_in_one_region_alone(self):
        with self.open_env() as env:
            there = self.places[THERE]
            cluster = env["saas.cluster"].browse(there["cluster"])
            storage = env["saas.storage"].browse(there["storage"])
            build = env["saas.template"]._build
            here = self.fleet(env, "version"), cluster, self.fleet(env, "server")
            with self.assertRaisesRegex(UserError, "is of one region"):
                build(*here, storage)
            server = env["saas.database.server"].browse(there["server"])
            with self.assertRaisesRegex(UserError, "files of one cluster"):
                build(*here[:2], server, self.fleet(env, "storage"))
            operation = build(*here[:2], server, storage)
            template, operation = operation.template_id, operation.id
            made, database = template.id, template.database
        self.addCleanup(self.bring_template_back)
        with self.untouched(HERE):
            self.work(operation)
        self.assertEqual(self.look_up("saas.template", made, "state"), "ready")
        self.assertIn(database, self.look(THERE)["databases"])
        # That of the other region is sold on.
        mine = self.places[HERE]["template"]
        self.assertEqual(self.look_up("saas.template", mine, "state"), "ready")

    def bring_template_back(self):
        with self.open_env() as env:
            mine = env["saas.template"].browse(self.places[THERE]["template"])
            others = [
                ("state", "=", "ready"),
                ("id", "!=", mine.id),
                *mine._get_rivals(),
            ]
            env["saas.template"].search(others)._write_guarded({"state": "retired"})
            env.flush_all()
            mine._write_guarded({"state": "ready"})
