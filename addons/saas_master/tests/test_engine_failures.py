"""A step fails: who tries again, who is told, and how it goes on or is taken back."""

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.saas_infra.drivers import fakes
from odoo.addons.saas_infra.drivers.errors import (
    PermanentInfraError,
    RetryableInfraError,
)

from ..models.saas_operation_provision import SaasOperation as Engine
from .committed import CommittedCase

BUSY = RetryableInfraError("The database server is busy.")
REFUSED = PermanentInfraError("The disk is full.", cure="Add a storage.")
PARTS = ("roles", "databases", "directories", "services", "routes")


@tagged("post_install", "-at_install")
class TestEngineFailures(CommittedCase):
    def setUp(self):
        super().setUp()
        # The pauses between two tries are the library's business.
        self.startPatcher(patch("tenacity.nap.time.sleep"))

    def test_a_transient_error_is_tried_again_within_the_step(self):
        _instance, operation = self.create_instance()
        self.fail_next("postgresql.ensure_database", BUSY, times=4)
        self.work(operation)
        self.assertFalse(self.mails)

    def test_a_transient_error_is_tried_five_times_at_most(self):
        instance, operation = self.create_instance()
        database = "postgresql.ensure_database"
        self.fail_next(database, BUSY, times=9)
        state, message = self.run_job(operation)
        self.assertEqual(state, "failed")
        self.assertIn("The database server is busy.", message)
        name = self.instance(instance, "database")
        self.assertEqual(len(self.calls(f"{database} {name}")), 5)
        self.forget_faults()
        self.do(instance, "discard")

    def test_a_permanent_error_fails_at_once_with_its_cure(self):
        instance, operation = self.create_instance()
        self.fail_next("postgresql.ensure_role", REFUSED)
        state, message = self.run_job(operation)
        self.assertEqual(state, "failed")
        self.assertIn("The disk is full. Add a storage.", message)
        name = self.instance(instance, "database")
        self.assertEqual(len(self.calls(f"postgresql.ensure_role {name}")), 1)
        self.assertEqual(self.step_states(operation)["role"], "failed")
        status, shown = self.instance(instance, "status", "message")
        self.assertEqual(status, "error")
        self.assertIn("The disk is full.", shown)
        self.do(instance, "discard")

    def test_managers_are_told_once_of_a_failure(self):
        instance, operation = self.create_instance()
        self.fail_next("postgresql.ensure_role", REFUSED)
        self.run_job(operation)
        self.run_job(operation)  # A job that comes late changes nothing.
        [(subject, text)] = self.mails
        self.assertIn(self.instance(instance, "subdomain"), subject)
        self.assertIn("The disk is full. Add a storage.", text)
        self.do(instance, "discard")

    @mute_logger("odoo.addons.saas_master.models.saas_operation_end")
    def test_an_unexpected_error_is_recorded_without_its_text(self):
        instance, operation = self.create_instance()
        secret = KeyError("password=secret")
        with patch.object(
            fakes.FakePostgresqlDriver, "ensure_role", side_effect=secret
        ):
            state, message = self.run_job(operation)
        self.assertEqual(state, "failed")
        self.assertIn("Unexpected error: KeyError", message)
        self.assertNotIn("secret", message)
        self.do(instance, "discard")

    def test_what_refuses_in_words_is_recorded_in_its_words(self):
        instance, operation = self.create_instance()
        refusal = UserError("The template was taken away.")
        with patch.object(Engine, "_step_storage", side_effect=refusal):
            self.assertEqual(
                self.run_job(operation),
                ("failed", "Make the folder: The template was taken away."),
            )
        self.do(instance, "discard")

    def test_a_failed_step_knows_how_long_it_took(self):
        instance, operation = self.create_instance()
        self.fail_next("postgresql.ensure_role", REFUSED)
        self.run_job(operation)
        with self.open_env() as env:
            steps = env["saas.operation"].browse(operation).step_ids
            [failed] = steps.filtered(lambda step: step.state == "failed")
            self.assertGreater(failed.seconds, 0)
        self.do(instance, "discard")

    def test_a_retry_counts_no_time_in_which_people_looked(self):
        instance, operation = self.create_instance()
        self.fail_next("postgresql.ensure_role", REFUSED)
        self.run_job(operation)
        with self.open_env() as env:
            env.cr.execute(
                "UPDATE saas_operation SET create_date = create_date - interval '1 day'"
                ", requested_at = requested_at - interval '1 day' WHERE id = %s",
                [operation],
            )
        with self.open_env() as env:
            env["saas.instance"].browse(instance)._retry()
        self.work(operation)
        self.assertLess(self.operation(operation, "seconds"), 3600)

    def test_a_retry_goes_on_from_the_failed_step(self):
        instance, operation = self.create_instance()
        self.fail_next("postgresql.set_identity", REFUSED)
        self.run_job(operation)
        name = self.instance(instance, "database")
        with self.open_env() as env:
            env["saas.instance"].browse(instance)._retry("The disk was full.")
            event = env["saas.event"].search([("operation_id", "=", operation)])[0]
            self.assertEqual(event.message, "Create was asked for again.")
            self.assertEqual(event.reason, "The disk was full.")
        self.work(operation)
        self.assertEqual(len(self.calls(f"postgresql.ensure_database {name}")), 1)
        status, message = self.instance(instance, "status", "message")
        self.assertEqual((status, message), ("running", False))
        self.assertFalse(self.operation(operation, "message"))

    def test_what_did_not_answer_is_started_again_as_it_is_wanted_now(self):
        instance, operation = self.create_instance()
        for next_kind in ("restart", None):
            self.fail_next("tenant.wait_healthy", BUSY, times=9)
            self.assertEqual(self.run_job(operation)[0], "failed")
            self.forget_faults()
            ensured = f"process.ensure_service {self.instance(instance, 'service')}"
            before = len(self.calls(ensured))
            with self.open_env() as env:
                env["saas.instance"].browse(instance)._retry()
            self.work(operation)
            self.assertEqual(len(self.calls(ensured)), before + 1)
            self.assertEqual(set(self.step_states(operation).values()), {"done"})
            operation = next_kind and self.ask(instance, next_kind)

    def test_a_failed_start_is_retried_from_error(self):
        for before, kind in (("stop", "start"), ("suspend", "resume")):
            with self.subTest(kind=kind):
                instance = self.make_instance(before)
                self.fail_next("process.ensure_service", REFUSED)
                operation = self.ask(instance, kind)
                self.assertEqual(self.run_job(operation)[0], "failed")
                self.assertEqual(self.instance(instance, "status"), "error")
                with self.open_env() as env:
                    env["saas.instance"].browse(instance)._retry()
                self.work(operation)
                self.assertEqual(self.instance(instance, "status"), "running")

    def test_only_what_happened_last_is_retried(self):
        instance = self.make_instance()
        self.fail_next("process.stop_service", REFUSED)
        failed = self.ask(instance, "stop")
        self.run_job(failed)
        self.do(instance, "terminate")
        with self.open_env() as env, self.assertRaisesRegex(UserError, "anew"):
            env["saas.operation"].browse(failed)._retry()

    def test_what_is_done_is_not_retried(self):
        instance = self.make_instance()
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            with self.assertRaisesRegex(UserError, "no retry"):
                record._retry()
            with self.assertRaisesRegex(UserError, "Only a failed"):
                record.last_operation_id._retry()

    def test_a_stop_that_fails_leaves_the_status_as_it_was(self):
        for status in ("running", "error"):
            instance = self.make_instance()
            with self.open_env() as env:
                env["saas.instance"].browse(instance)._write_guarded({"status": status})
            operation = self.ask(instance, "stop")
            self.fail_next("process.stop_service", PermanentInfraError("It is stuck."))
            self.assertEqual(self.run_job(operation)[0], "failed")
            self.assertEqual(self.instance(instance, "status"), status)

    def test_visitors_of_what_could_not_be_stopped_come_in_again(self):
        instance = self.make_instance()
        service = self.instance(instance, "service")
        operation = self.ask(instance, "stop")
        self.fail_next("process.stop_service", REFUSED)
        self.run_job(operation)
        self.assertEqual(self.outside.read("routes")[service]["state"], "running")

    def test_a_notice_that_cannot_be_taken_back_hides_no_failure(self):
        instance = self.make_instance()
        operation = self.ask(instance, "stop")
        self.fail_next("process.stop_service", REFUSED)
        take_back = patch.object(
            fakes.FakeNginxDriver, "ensure_route", side_effect=[None, REFUSED]
        )
        logger = "odoo.addons.saas_master.models.saas_operation_lifecycle"
        with take_back, mute_logger(logger):
            state, message = self.run_job(operation)
        self.assertEqual((state, message), ("failed", f"End the service: {REFUSED}"))

    def test_what_a_begun_purge_left_is_not_brought_back(self):
        instance = self.make_instance("terminate")
        operation = self.ask(instance, "purge")
        error = PermanentInfraError("It is refused.")
        self.fail_next("directory.remove_directory", error)
        self.assertEqual(self.run_job(operation)[0], "failed")
        with self.open_env() as env, self.assertRaisesRegex(UserError, "has begun"):
            env["saas.instance"].browse(instance)._reactivate()

    def test_a_resize_that_fails_leaves_the_instance_running(self):
        instance = self.make_instance()
        with self.open_env() as env:
            plan = env["saas.plan"].create(
                {"name": "Larger", "code": f"larger-{instance}", "memory_mb": 2048}
            )
            record = env["saas.instance"].browse(instance)
            operation = record._change_plan(plan).id
        self.fail_next("process.ensure_service", REFUSED)
        self.assertEqual(self.run_job(operation)[0], "failed")
        self.assertEqual(self.instance(instance, "status"), "running")

    def test_a_discard_takes_everything_back_and_frees_name_and_trial(self):
        with self.open_env() as env:
            partner = env["res.partner"].create({"name": "Second try"}).id
        values = {"subdomain": "second-try"}
        instance, operation = self.create_as(partner, **values)
        self.fail_next("nginx.ensure_route", REFUSED)
        self.run_job(operation)
        uuid = self.instance(instance, "uuid")
        self.assertTrue(self.find_outside(uuid))
        with self.open_env() as env:
            discard = env["saas.instance"].browse(instance)._discard().id
        self.work(discard)
        self.assertFalse(self.find_outside(uuid))
        self.assertEqual(self.operation(operation, "state"), "discarded")
        self.assertEqual(
            self.instance(instance, "active", "status", "provisioning_status"),
            [False, "terminated", "terminated"],
        )
        again, operation = self.create_as(partner, **values)
        self.work(operation)
        self.assertEqual(self.instance(again, "billing_status"), "trial")

    def test_a_creation_that_failed_is_not_started_but_may_be_terminated(self):
        instance, operation = self.create_instance()
        self.fail_next("postgresql.set_identity", REFUSED)
        self.run_job(operation)
        with self.open_env() as env:
            name = env["saas.instance"].browse(instance).subdomain
            for ask in ("start", "restart", "stop", "suspend"):
                with (
                    self.subTest(ask=ask),
                    self.assertRaisesRegex(UserError, f"{name} was never ready: .*Ret"),
                ):
                    getattr(env["saas.api"], f"instance_{ask}")(name)
        self.do(instance, "terminate")
        self.assertEqual(
            self.instance(instance, "status", "provisioning_status"),
            ["terminated", "terminated"],
        )
        with self.open_env() as env:  # Nothing of it is worth its name for 30 days.
            operation = env["saas.instance"].browse(instance)._discard().id
        self.work(operation)
        self.assertFalse(self.find_outside(self.instance(instance, "uuid")))
        self.assertFalse(self.instance(instance, "active"))

    def test_what_was_ready_once_is_never_discarded(self):
        instance = self.make_instance()
        with self.open_env() as env, self.assertRaisesRegex(UserError, "ready once"):
            env["saas.instance"].browse(instance)._discard()

    def test_a_discard_that_fails_is_retried(self):
        instance, operation = self.create_instance()
        self.fail_next("nginx.ensure_route", REFUSED)
        self.run_job(operation)
        self.fail_next("postgresql.remove_database", REFUSED)
        discard = self.ask(instance, "discard")
        self.assertEqual(self.run_job(discard)[0], "failed")
        with self.open_env() as env:
            env["saas.instance"].browse(instance)._retry()
        self.work(discard)
        self.assertFalse(self.find_outside(self.instance(instance, "uuid")))

    # === HELPERS === #

    def create_as(self, partner, **values):
        with self.open_env() as env:
            record = self.request(
                env, partner=env["res.partner"].browse(partner), **values
            )
            return record.id, record.last_operation_id.id

    def find_outside(self, uuid):
        return [
            name
            for part in PARTS
            for name, found in self.outside.read(part).items()
            if found["mark"].endswith(uuid)
        ]

    def forget_faults(self):
        with self.outside.get_world().change() as state:
            state["faults"] = []
