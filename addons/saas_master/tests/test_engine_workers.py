"""Two workers, dead workers, lost jobs, and a freeze in the middle."""

import signal
from unittest.mock import patch

from odoo.service.server import Worker
from odoo.tests import tagged

from odoo.addons.queue_job.job import Job
from odoo.addons.saas_infra.drivers import fakes

from .committed import CommittedCase


@tagged("post_install", "-at_install")
class TestEngineWorkers(CommittedCase):
    def test_a_job_that_runs_twice_makes_nothing_twice(self):
        instance, operation = self.create_instance()
        ensure = fakes.FakePostgresqlDriver.ensure_database
        states = []

        def let_another_in(driver, spec, **options):
            ensure(driver, spec, **options)
            if not states:  # The first worker is slow here: a second one comes.
                states.append("second")
                states.append(self.run_job(operation)[0])

        with patch.object(
            fakes.FakePostgresqlDriver, "ensure_database", let_another_in
        ):
            self.assertEqual(self.run_job(operation)[0], "done")
        self.assertEqual(states, ["second", "done"])
        service, database = self.instance(instance, "service", "database")
        for call, name, times in (
            ("postgresql.ensure_role", database, 1),
            ("postgresql.set_identity", database, 1),
            ("process.ensure_service", service, 1),
            ("nginx.ensure_route", service, 2),  # with the service, and at the end
        ):
            self.assertEqual(len(self.calls(f"{call} {name}")), times, call)
        self.assertEqual(set(self.step_states(operation).values()), {"done"})
        with self.open_env() as env:
            events = env["saas.event"].search([("operation_id", "=", operation)])
            self.assertEqual(events.mapped("kind").count("provision_done"), 1)

    def test_who_lost_the_operation_writes_no_failure_over_it(self):
        instance, operation = self.create_instance()
        ensure = fakes.FakePostgresqlDriver.ensure_role
        calls = []

        def lose_it(driver, spec):
            calls.append(spec.name)
            if len(calls) == 1:
                self.run_job(operation)
                raise fakes.postgresql.PermanentInfraError("The first one fails.")
            return ensure(driver, spec)

        with patch.object(fakes.FakePostgresqlDriver, "ensure_role", lose_it):
            self.run_job(operation)
        self.assertEqual(self.operation(operation, "state", "message"), ["done", False])
        self.assertEqual(self.instance(instance, "status"), "running")
        self.assertFalse(self.mails)

    def test_a_job_of_what_is_over_does_nothing(self):
        instance = self.make_instance()
        operation = self.ask(instance, "stop")
        self.work(operation)
        before = len(self.outside.get_world().log)
        self.assertEqual(self.run_job(operation)[0], "done")
        self.assertEqual(len(self.outside.get_world().log), before)

    def test_the_second_death_of_a_worker_fails_the_operation(self):
        instance, operation = self.create_instance()
        for deaths in (0, 1):
            with self.open_env() as env:
                self.die(env["saas.operation"].browse(operation))
            self.assertEqual(self.operation(operation, "deaths"), deaths)
            self.assertEqual(self.operation(operation, "state"), "running")
        state, message = self.run_job(operation)
        self.assertEqual(state, "failed")
        self.assertIn("died 2 times in the step “Find a place”", message)
        self.assertEqual(self.instance(instance, "status"), "error")
        [(_subject, text)] = self.mails
        self.assertIn("died 2 times", text)
        with self.open_env() as env:
            env["saas.instance"].browse(instance)._retry()
        self.work(operation)
        self.assertEqual(self.instance(instance, "status"), "running")

    def die(self, operation):
        """Take the operation as a worker does that is killed right after."""
        self.assertTrue(operation._take())

    def test_a_worker_that_is_told_to_end_leaves_the_rest_to_another_job(self):
        instance, operation = self.create_instance()
        job = self.operation(operation, "job_uuid")
        worker = Worker.__new__(Worker)
        worker.alive = True
        ensure = fakes.FakePostgresqlDriver.ensure_role

        def be_told_meanwhile(driver, spec):
            worker.signal_handler(signal.SIGINT, None)
            ensure(driver, spec)

        with (
            patch.object(signal, "getsignal", lambda _number: worker.signal_handler),
            patch.object(fakes.FakePostgresqlDriver, "ensure_role", be_told_meanwhile),
        ):
            for _ in range(3):  # However often that happens.
                self.assertEqual(self.run_job(operation)[0], "running")
        states = self.step_states(operation)
        self.assertEqual((states["role"], states["database"]), ("done", "pending"))
        self.assertNotEqual(self.operation(operation, "job_uuid"), job)
        self.work(operation)
        self.assertFalse(self.operation(operation, "deaths"))
        self.assertEqual(self.instance(instance, "status"), "running")

    # === FREEZE === #

    def test_a_freeze_stops_before_the_next_step(self):
        instance, operation = self.create_instance()
        ensure = fakes.FakePostgresqlDriver.ensure_role

        def freeze_meanwhile(driver, spec):
            ensure(driver, spec)
            with self.open_env() as env:
                env["saas.operation"]._freeze("The storage moves.")

        self.addCleanup(self.unfreeze)
        with patch.object(fakes.FakePostgresqlDriver, "ensure_role", freeze_meanwhile):
            self.assertEqual(self.run_job(operation)[0], "queued")
        states = self.step_states(operation)
        self.assertEqual((states["role"], states["database"]), ("done", "pending"))
        self.assertFalse(self.operation(operation, "runner"))
        self.assertEqual(self.run_job(operation)[0], "queued")
        job = self.operation(operation, "job_uuid")
        self.end_job(job)
        self.unfreeze()
        self.assertNotEqual(self.operation(operation, "job_uuid"), job)
        self.work(operation)
        self.assertFalse(self.operation(operation, "deaths"))
        self.assertEqual(self.instance(instance, "status"), "running")

    def test_an_end_of_a_freeze_starts_no_second_job(self):
        _instance, operation = self.create_instance()
        job = self.operation(operation, "job_uuid")
        with self.open_env() as env:
            env["saas.operation"]._freeze("For a moment.")
        self.unfreeze()
        self.assertEqual(self.operation(operation, "job_uuid"), job)
        self.work(operation)

    def unfreeze(self):
        with self.open_env() as env:
            env["saas.operation"]._unfreeze()

    # === THE NET BELOW === #

    def test_an_operation_whose_job_is_gone_is_started_again(self):
        _instance, operation = self.create_instance()
        job = self.operation(operation, "job_uuid")
        self.repair()
        self.assertEqual(self.operation(operation, "job_uuid"), job)
        self.end_job(job, state="failed")
        self.repair()
        again = self.operation(operation, "job_uuid")
        self.assertNotEqual(again, job)
        self.repair()
        self.assertEqual(self.operation(operation, "job_uuid"), again)
        self.work(operation)

    def test_nothing_is_started_again_while_frozen(self):
        _instance, operation = self.create_instance()
        job = self.operation(operation, "job_uuid")
        self.end_job(job, state="failed")
        self.addCleanup(self.unfreeze)
        with self.open_env() as env:
            env["saas.operation"]._freeze("Hands off.")
        self.repair()
        self.assertEqual(self.operation(operation, "job_uuid"), job)
        self.unfreeze()
        self.work(operation)

    def repair(self):
        with self.open_env() as env:
            env["saas.operation"]._cron_repair_operations()

    def end_job(self, uuid, state="done"):
        with self.open_env() as env:
            job = Job.load(env, uuid)
            job.state = state
            job.store()
