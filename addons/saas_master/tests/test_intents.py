"""What is wanted while something else runs: nothing is forgotten, nothing loops."""

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.saas_infra.drivers import fakes
from odoo.addons.saas_infra.drivers.errors import PermanentInfraError

from .committed import CommittedCase

REFUSED = PermanentInfraError("It is refused.")


@tagged("post_install", "-at_install")
class TestIntents(CommittedCase):
    def test_a_suspension_turns_visitors_away_while_an_operation_runs(self):
        instance = self.make_instance()
        service = self.instance(instance, "service")
        restart = self.ask(instance, "restart")
        ensure = fakes.FakeProcessDriver.ensure_service

        def suspend_meanwhile(driver, spec):
            ensure(driver, spec)
            with self.open_env() as env:
                block = env["saas.instance"].browse(instance)._suspend("Unpaid.")
                self.assertEqual(block.kind, "block")
                operation = block.id
            self.work(operation)
            self.assertEqual(self.route_of(service), "suspended")
            self.assertFalse(self.outside.read("services")[service]["running"])

        with patch.object(fakes.FakeProcessDriver, "ensure_service", suspend_meanwhile):
            self.work(restart)
        self.assertEqual(self.route_of(service), "suspended")
        self.assertEqual(self.work_at_last(instance), "suspend")
        self.assertEqual(self.instance(instance, "status"), "paused")
        self.assertFalse(self.outside.read("services")[service]["running"])

    def test_a_suspension_during_creation_follows_when_it_is_there(self):
        instance, operation = self.create_instance()
        with self.open_env() as env:
            self.assertFalse(env["saas.instance"].browse(instance)._suspend())
        self.assertEqual(self.instance(instance, "desired_status"), "paused")
        self.work(operation)
        self.assertEqual(self.work_at_last(instance), "suspend")
        self.assertEqual(self.instance(instance, "status"), "paused")

    def test_a_suspension_of_a_creation_that_failed_follows_its_retry(self):
        instance, operation = self.create_instance()
        self.fail_next("postgresql.set_identity", REFUSED)
        self.run_job(operation)
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            self.assertFalse(record._want("suspend"))
        self.repair()
        self.assertEqual(self.instance(instance, "last_operation_id"), operation)
        with self.open_env() as env:
            env["saas.instance"].browse(instance)._retry()
        self.work(operation)
        self.assertEqual(self.work_at_last(instance), "suspend")
        self.assertEqual(self.instance(instance, "status"), "paused")

    def test_a_block_beside_does_not_hide_what_failed(self):
        instance = self.make_instance("stop")
        start = self.ask(instance, "start")
        with self.open_env() as env:
            block = env["saas.instance"].browse(instance)._suspend().id
        self.work(block)
        with self.open_env() as env:
            env["saas.instance"].browse(instance)._write_guarded(
                {"desired_status": "running"}
            )
        self.fail_next("process.ensure_service", REFUSED)
        self.run_job(start)
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            self.assertEqual(record._retry().id, start)
        self.work(start)

    def test_a_suspension_that_fails_is_not_asked_for_again_and_again(self):
        instance = self.make_instance()
        self.fail_next("process.stop_service", REFUSED)
        operation = self.ask(instance, "suspend")
        self.assertEqual(self.run_job(operation)[0], "failed")
        self.repair()
        self.assertEqual(self.instance(instance, "last_operation_id"), operation)
        with self.open_env() as env:
            env["saas.instance"].browse(instance)._retry()
        self.work(operation)
        self.assertEqual(self.instance(instance, "status"), "paused")

    def test_what_was_wanted_while_frozen_is_opened_afterwards(self):
        instance = self.make_instance()
        self.addCleanup(self.unfreeze)
        with self.open_env() as env:
            env["saas.operation"]._freeze("Hands off.")
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            with self.assertRaisesRegex(UserError, "frozen: Hands off."):
                record._suspend()
            self.assertFalse(record._want("suspend"))
        self.repair()
        self.assertEqual(self.instance(instance, "status"), "running")
        self.unfreeze()
        self.repair()
        self.assertEqual(self.work_at_last(instance), "suspend")
        self.assertEqual(self.instance(instance, "status"), "paused")

    def test_a_worker_that_died_before_it_asked_is_made_good_for(self):
        instance = self.make_instance()
        with self.open_env() as env:
            env["saas.instance"].browse(instance)._write_guarded(
                {"desired_status": "terminated"}
            )
        self.repair()
        self.assertEqual(self.work_at_last(instance), "terminate")
        self.assertEqual(self.instance(instance, "status"), "terminated")

    def test_a_rename_that_was_cut_off_is_told_to_the_tenant_later(self):
        instance = self.make_instance()
        name = f"{self.instance(instance, 'subdomain')}-new"
        self.cut_off(instance, lambda one: one._rename(name))
        self.do(instance, "restart")
        self.assertEqual(self.work_at_last(instance), "rename")
        self.assertIn(f"//{name}.", self.get_told(instance)["base_url"])
        self.check_nothing_is_left(instance)

    def test_a_hand_over_that_was_cut_off_is_told_to_the_tenant_later(self):
        instance = self.make_instance()
        with self.open_env() as env:
            partner = env["res.partner"].create({"name": "New owner"}).id

        def hand_over(record):
            new = record.env["res.partner"].browse(partner)
            return record._hand_over(new, "new@owner.test")

        self.cut_off(instance, hand_over)
        self.do(instance, "stop")
        self.repair()  # It has to run for that.
        self.do(instance, "start")
        self.assertEqual(self.work_at_last(instance), "hand_over")
        self.assertEqual(self.get_told(instance)["email"], "new@owner.test")
        self.check_nothing_is_left(instance)

    # === HELPERS === #

    def cut_off(self, instance, ask):
        """Have the tenant refuse what it is told; nothing tries that by itself."""
        with self.open_env() as env:
            operation = ask(env["saas.instance"].browse(instance)).id
        self.fail_next("tenant.command", REFUSED)
        self.assertEqual(self.run_job(operation)[0], "failed")
        self.repair()
        self.assertEqual(self.instance(instance, "last_operation_id"), operation)

    def get_told(self, instance):
        """Return what the tenant was told last."""
        uuid = self.instance(instance, "uuid")
        return self.outside.read("tenants")[uuid][-1]["values"]

    def check_nothing_is_left(self, instance):
        last = self.instance(instance, "last_operation_id")
        with self.open_env() as env:
            waiting = env["saas.instance"]._find_waiting()
            self.assertNotIn(instance, waiting.ids)
        self.repair()
        self.assertEqual(self.instance(instance, "last_operation_id"), last)

    def repair(self):
        with self.open_env() as env:
            env["saas.operation"]._cron_repair_operations()

    def unfreeze(self):
        with self.open_env() as env:
            env["saas.operation"]._unfreeze()

    def route_of(self, service):
        return self.outside.read("routes")[service]["state"]
