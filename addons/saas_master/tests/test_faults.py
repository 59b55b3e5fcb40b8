"""Each fault outside ends in words with a cure; nothing is lost, a retry works."""

from dataclasses import dataclass
from unittest.mock import patch

from odoo.exceptions import MissingError, UserError
from odoo.tests import tagged

from odoo.addons.saas_infra.drivers.errors import (
    PermanentInfraError,
    RetryableInfraError,
)
from odoo.addons.saas_infra.drivers.specs import DatabaseState, DirectoryState

from .committed import CommittedCase
from .common import PLATFORM

STRANGER = "99999999-9999-4999-8999-999999999999"
# each kind of outside object, and the field that has its name
NAMES = {
    "roles": "database",
    "databases": "database",
    "directories": "directory",
    "services": "service",
    "routes": "service",
}
PARTS = tuple(NAMES)


@dataclass
class Fault:
    call: str
    error: Exception
    times: int = 1


FAULTS = {
    "the database server is down": Fault(
        "postgresql.ensure_database",
        RetryableInfraError("Connection refused.", cure="Start PostgreSQL."),
        times=5,
    ),
    "the answer of the database server is lost": Fault(
        "postgresql.ensure_role",
        PermanentInfraError("The connection was closed.", cure="Look at its log."),
    ),
    "the supervisor is down": Fault(
        "process.ensure_service",
        RetryableInfraError("No supervisor answers.", cure="Run `make up`."),
        times=5,
    ),
    "nginx refuses its configuration": Fault(
        "nginx.ensure_route",
        PermanentInfraError("nginx: unknown directive.", cure="Mend the file."),
    ),
    "the disk is full": Fault(
        "directory.copy_filestore",
        PermanentInfraError("No space left on device.", cure="Make room."),
    ),
    "the storage is read-only": Fault(
        "directory.ensure_directory",
        PermanentInfraError("Read-only file system.", cure="Mount it again."),
    ),
    "the tenant does not answer": Fault(
        "tenant.wait_healthy",
        RetryableInfraError("The tenant does not answer.", cure="Read its log."),
        times=5,
    ),
}


@tagged("post_install", "-at_install")
class TestFaults(CommittedCase):
    def setUp(self):
        super().setUp()
        self.startPatcher(patch("tenacity.nap.time.sleep"))

    def test_a_creation_survives_every_fault(self):
        for name, fault in FAULTS.items():
            with self.subTest(fault=name):
                instance, operation = self.create_instance()
                self.check_fails(operation, fault)
                self.assertEqual(self.instance(instance, "status"), "error")
                self.check_retry(instance, operation)
                self.check_whole(instance)

    def test_a_fault_in_a_running_instances_life_loses_nothing(self):
        cases = (
            ("stop", "process.stop_service", "running"),
            ("suspend", "process.stop_service", "running"),
            ("restart", "process.ensure_service", "error"),
            ("terminate", "process.remove_service", "running"),
        )
        for kind, call, status in cases:
            with self.subTest(kind=kind):
                instance = self.make_instance()
                error = PermanentInfraError("It is refused.", cure="Look outside.")
                operation = self.ask(instance, kind)
                self.check_fails(operation, Fault(call, error))
                self.assertEqual(self.instance(instance, "status"), status)
                self.assertTrue(self.find_outside(instance, "databases"))
                self.check_retry(instance, operation)

    def test_who_keeps_a_tenant_silent_is_named_with_the_cure(self):
        for call, words in (
            ("process.list_services", "The engine does not answer."),
            ("nginx.check", "The proxy does not run."),
        ):
            with self.subTest(call=call):
                instance = self.make_instance()
                restart = self.ask(instance, "restart")
                silent = RetryableInfraError("Nobody was ready", "Its log tells why.")
                self.fail_next("tenant.wait_healthy", silent, times=5)
                reason = RetryableInfraError(words, cure="Start it.")
                self.fail_next(call, reason, times=5)
                state, message = self.run_job(restart)
                self.assertEqual(state, "failed")
                self.assertIn(f"{words} Nobody was ready. Start it.", message)
                self.check_retry(instance, restart)

    def test_a_purge_that_fails_halfway_is_gone_on_with(self):
        for call in (
            "nginx.remove_route",
            "postgresql.remove_database",
            "postgresql.remove_role",
            "directory.remove_directory",
        ):
            with self.subTest(call=call):
                instance = self.make_instance("terminate")
                error = PermanentInfraError("It is refused.", cure="Look outside.")
                operation = self.ask(instance, "purge")
                self.check_fails(operation, Fault(call, error))
                self.check_retry(instance, operation)
                for part in PARTS:
                    self.assertFalse(self.find_outside(instance, part), part)
                secrets = self.instance(
                    instance, "password_sealed", "proxy_secret_sealed"
                )
                self.assertEqual(secrets, [False, False])

    def test_a_storage_that_is_not_mounted_is_told_before_anything_is_made(self):
        instance, operation = self.create_instance()
        self.mount(False)
        state, message = self.run_job(operation)
        self.mount(True)
        self.assertEqual(state, "failed")
        self.assertIn("not mounted. Mount it.", message)
        for part in PARTS:
            self.assertFalse(self.find_outside(instance, part), part)
        self.check_retry(instance, operation)
        self.check_whole(instance)

    def test_an_object_of_the_same_name_that_is_not_ours_is_left_alone(self):
        for part, field in NAMES.items():
            with self.subTest(part=part):
                instance = self.make_instance("terminate")
                name = self.instance(instance, field)
                foreign = self.put_foreign(part, name)
                purge = self.ask(instance, "purge")
                state, message = self.run_job(purge)
                self.assertEqual(state, "failed")
                self.assertIn(f"{name} exists and is not this instance's", message)
                self.assertEqual(self.outside.read(part)[name], foreign)
                self.put(part, name, None)
                self.check_retry(instance, purge)

    def test_an_object_of_the_same_name_is_never_taken_over(self):
        for part, field in NAMES.items():
            with self.subTest(part=part):
                instance, operation = self.create_instance()
                error = PermanentInfraError("It is refused.")
                self.fail_next("directory.ensure_directory", error)
                self.run_job(operation)
                name = self.instance(instance, field)
                foreign = self.put_foreign(part, name)
                with self.open_env() as env:
                    env["saas.instance"].browse(instance)._retry()
                state, message = self.run_job(operation)
                self.assertEqual(state, "failed")
                self.assertIn(f"{name} exists and is not this instance's", message)
                discard = self.ask(instance, "discard")
                self.assertEqual(self.run_job(discard)[0], "failed")
                self.assertEqual(self.outside.read(part)[name], foreign)
                self.put(part, name, None)
                self.check_retry(instance, discard)
                for made in PARTS:
                    self.assertFalse(self.find_outside(instance, made), made)

    def test_a_plan_that_is_too_small_changes_nothing(self):
        instance = self.make_instance()
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            small = env["saas.plan"].create(
                {"name": "Small", "code": f"small-{instance}", "storage_gb": 1}
            )
            operation = record._change_plan(small).id
        used = patch(
            "odoo.addons.saas_infra.drivers.fakes.postgresql.DatabaseState",
            lambda **values: DatabaseState(**{**values, "size": 3 * 1000**3}),
        )
        with used:
            state, message = self.run_job(operation)
        self.assertEqual(state, "failed")
        self.assertIn("uses 3.0 GB; the plan has 1 GB. Delete files", message)
        self.assertEqual(
            self.instance(instance, "status", "storage_gb"), ["running", 10]
        )

    def test_a_folder_that_could_not_be_measured_changes_no_plan(self):
        instance = self.make_instance()
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            operation = record._change_plan(env.ref("saas_master.plan_enterprise")).id
        unmeasured = patch(
            "odoo.addons.saas_infra.drivers.fakes.directory.DirectoryState",
            lambda **values: DirectoryState(**{**values, "used": None}),
        )
        with unmeasured:
            state, message = self.run_job(operation)
        self.assertEqual(state, "failed")
        self.assertIn("could not be measured. Retry", message)

    # === WRONG INPUT === #

    def test_wrong_input_is_refused_in_words_before_anything_is_made(self):
        with self.open_env() as env:
            taken = self.request(env).subdomain
            before = env["saas.subscription"].search_count([])
            for values, text in (
                ({"subdomain": taken}, "is taken"),
                ({"subdomain": "www"}, "is reserved"),
                ({"subdomain": "münchen"}, "letters beyond a to z"),
                ({"email": "nobody"}, "no e-mail address"),
            ):
                with (
                    self.subTest(text=text),
                    self.assertRaisesRegex(UserError, text),
                ):
                    self.request(env, **values)
            self.assertEqual(env["saas.subscription"].search_count([]), before)

    def test_an_unknown_plan_region_or_instance_is_not_found_by_name(self):
        with self.open_env() as env:
            api = env["saas.api"]
            for find, text in (
                (api._find_plan, "There is no plan nothing"),
                (api._find_region, "There is no region nothing"),
                (api._find_instance, "There is no instance nothing"),
            ):
                with self.assertRaisesRegex(MissingError, text):
                    find("nothing")

    # === HELPERS === #

    def check_fails(self, operation, fault):
        self.mails.clear()
        self.fail_next(fault.call, fault.error, times=fault.times)
        state, message = self.run_job(operation)
        self.assertEqual(state, "failed")
        self.assertIn(fault.error.message, message)
        self.assertIn(fault.error.cure, message)
        self.assertEqual(len(self.mails), 1)

    def check_retry(self, instance, operation):
        with self.open_env() as env:
            retried = env["saas.instance"].browse(instance)._retry().id
        self.assertEqual(retried, operation)
        self.work(operation)

    def check_whole(self, instance):
        """One object of each kind, no more."""
        self.assertEqual(self.instance(instance, "status"), "running")
        for part in PARTS:
            self.assertEqual(len(self.find_outside(instance, part)), 1, part)

    def find_outside(self, instance, part):
        uuid = self.instance(instance, "uuid")
        return [
            name
            for name, found in self.outside.read(part).items()
            if found["mark"].endswith(uuid)
        ]

    def put(self, part, name, found):
        """Put something in the world, or take it away."""
        with self.outside.get_world().change() as state:
            if found:
                state[part][name] = found
            else:
                state[part].pop(name, None)

    def put_foreign(self, part, name):
        """Put something of another instance where one of ours is expected."""
        foreign = {
            **{"role": "theirs", "uid": 1, "port": 1, "running": True},
            **{"hosts": [], "redirects": [], "state": "running"},
            "mark": f"saasodoo:{PLATFORM}:{STRANGER}",
        }
        self.put(part, name, foreign)
        return foreign

    def mount(self, mounted):
        with self.outside.get_world().change() as state:
            state["mounted"] = mounted
