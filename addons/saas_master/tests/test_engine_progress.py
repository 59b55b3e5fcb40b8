"""What others see of an operation while it runs, and what it leaves in the queue."""

from unittest.mock import patch

from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.queue_job.job import Job
from odoo.addons.queue_job.tests.common import trap_jobs
from odoo.addons.saas_infra.drivers import fakes

from ..models.saas_operation_run import Wait
from ..operations.playbooks import PLAYBOOKS
from ..tools.queue import PRIORITIES
from .committed import CommittedCase
from .common import SaasCommon


@tagged("post_install", "-at_install")
class TestEngineProgress(CommittedCase):
    def test_progress_is_seen_by_others_while_a_step_runs(self):
        instance, operation = self.create_instance()
        seen = {}
        ensure = fakes.FakePostgresqlDriver.ensure_database

        def look_while_it_runs(driver, spec, **options):
            seen["steps"] = self.step_states(operation)
            seen["state"] = self.operation(operation, "state")
            seen["instance"] = self.instance(instance, "status", "provisioning_status")
            return ensure(driver, spec, **options)

        with patch.object(
            fakes.FakePostgresqlDriver, "ensure_database", look_while_it_runs
        ):
            self.work(operation)
        self.assertEqual(seen["state"], "running")
        self.assertEqual(seen["steps"]["role"], "done")
        self.assertEqual(seen["steps"]["database"], "running")
        self.assertEqual(seen["steps"]["route"], "pending")
        self.assertEqual(seen["instance"], ["creating", "provisioning"])

    def test_no_transaction_is_open_during_an_outside_call(self):
        _instance, operation = self.create_instance()
        states = []
        with self.open_env() as env:
            connection = env.cr._cnx
            call = fakes.FakePostgresqlDriver._call

            def look_at_connection(driver, method, name=""):
                states.append(connection.get_transaction_status())
                return call(driver, method, name)

            with patch.object(fakes.FakePostgresqlDriver, "_call", look_at_connection):
                env["saas.operation"].browse(operation)._job_run()
        self.assertEqual(set(states), {TRANSACTION_STATUS_IDLE})

    def test_a_done_operation_knows_how_long_each_step_took(self):
        instance, operation = self.create_instance()
        self.work(operation)
        with self.open_env() as env:
            record = env["saas.operation"].browse(operation)
            self.assertEqual(record.progress, 100.0)
            self.assertFalse(record.current_step_id)
            self.assertTrue(all(step.started_at for step in record.step_ids))
            spent = sum(record.step_ids.mapped("seconds"))
            self.assertGreater(spent, 0)
            self.assertGreaterEqual(record.seconds, spent * 0.9)
            self.assertTrue(record.ended_at)
        self.assertEqual(
            self.instance(instance, "status", "provisioning_status", "desired_status"),
            ["running", "ready", "running"],
        )

    def test_a_step_whose_work_goes_on_is_looked_at_again_later(self):
        with self.open_env() as env:
            templates = env["saas.template"]
            operation = templates._build(
                *(
                    self.fleet(env, name)
                    for name in ("version", "cluster", "server", "storage")
                )
            ).id
        self.assertEqual(self.run_job(operation)[0], "running")
        self.assertEqual(self.step_states(operation)["template_build"], "running")
        token, job = self.operation(operation, "runner", "job_uuid")
        self.assertFalse(token)
        with self.open_env() as env:
            again = Job.load(env, job)
            self.assertEqual(again.state, "pending")
            self.assertTrue(again.eta)
        begun = self.get_start(operation, "template_build")
        self.work(operation)
        self.assertEqual(self.get_start(operation, "template_build"), begun)
        self.assertFalse(self.operation(operation, "deaths"))

    def test_work_that_never_ends_fails_in_words(self):
        instance, operation = self.create_instance()
        with patch.object(
            fakes.FakePostgresqlDriver, "ensure_role", lambda *_: Wait(1)
        ):
            self.run_job(operation)
            with self.open_env() as env:
                env.cr.execute(
                    "UPDATE saas_operation_step SET started_at = started_at "
                    "- interval '2 hours' WHERE operation_id = %s AND name = 'role'",
                    [operation],
                )
            state, message = self.run_job(operation)
        self.assertEqual(state, "failed")
        self.assertIn("60 minutes", message)
        self.do(instance, "discard")

    def get_start(self, operation, name):
        with self.open_env() as env:
            steps = env["saas.operation"].browse(operation).step_ids
            return steps.filtered(lambda one: one.name == name).started_at


@tagged("post_install", "-at_install")
class TestEngineQueue(SaasCommon):
    def test_every_kind_goes_to_its_channel_with_its_priority(self):
        instance = self.request_instance()
        operations = self.env["saas.operation"]
        for kind, playbook in PLAYBOOKS.items():
            instance.operation_ids._write_guarded({"state": "done"})
            self.env.flush_all()
            with self.subTest(kind=kind), trap_jobs() as trap:
                operation = operations._open(kind, instance=instance)
                trap.assert_jobs_count(1, only=operation._job_run)
                [job] = trap.enqueued_jobs
                self.assertEqual(job.channel, f"root.{playbook.channel}")
                self.assertEqual(job.priority, PRIORITIES[playbook.channel])
                self.assertEqual(job.max_retries, 1)
                self.assertFalse(job.args or job.kwargs)

    def test_urgent_channels_come_first(self):
        order = sorted(PRIORITIES, key=PRIORITIES.get)
        self.assertEqual(
            order,
            ["provisioning", "operations", "maintenance", "monitoring", "watch"],
        )
        channels = self.env["queue.job.channel"].search([]).mapped("complete_name")
        for name in order:
            self.assertIn(f"root.{name}", channels)

    def test_a_job_carries_no_context_of_who_asked(self):
        with trap_jobs() as trap:
            self.request_instance()
            job = trap.enqueued_jobs[0]
            self.assertFalse(
                set(job.recordset.env.context) - {"lang", "tz", "job_uuid"}
            )

    def test_jobs_runs_what_the_web_client_asks_for(self):
        operation = self.request_instance().last_operation_id
        companies = {"allowed_company_ids": self.env.companies.ids}
        operation.with_context(**companies)._enqueue()
        self.env["saas.inquiry"].with_context(**companies)._ask("reconcile")
        rows = self.env["queue.job"].search([], order="id desc", limit=2)
        self.assertEqual(set(rows.mapped("method_name")), {"_job_run", "_job_answer"})
        for row in rows:
            self.assertTrue(row._is_allowed(), row.records)

    @mute_logger("odoo.addons.saas_master.models.queue_job")
    def test_jobs_runs_nothing_but_the_closed_list(self):
        instance = self.request_instance()
        good = self.env["queue.job"].search(
            [("uuid", "=", instance.last_operation_id.job_uuid)]
        )
        self.assertTrue(good._is_allowed())
        others = (
            instance.with_delay()._place(),
            instance.partner_id.with_delay().unlink(),
            instance.last_operation_id.with_delay()._close("done"),
            instance.last_operation_id.with_delay()._job_run(1),
        )
        for job in others:
            row = self.env["queue.job"].search([("uuid", "=", job.uuid)])
            self.assertFalse(row._is_allowed(), row.func_string)

    def test_jobs_decodes_no_other_row_for_one_of_the_closed_list(self):
        instance = self.request_instance()
        good = self.env["queue.job"].search(
            [("uuid", "=", instance.last_operation_id.job_uuid)]
        )
        for way in ("depends_on", "reverse_depends_on"):
            good.dependencies = {way: ["planted"]}
            self.env.flush_all()
            self.assertFalse(good._is_allowed(), way)
