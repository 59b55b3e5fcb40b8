"""A reactivation that fails leaves something that can start, or end again, as any."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.saas_infra.drivers.errors import PermanentInfraError

from .committed import CommittedCase

MEMORY = 1024
REFUSED = PermanentInfraError("It is refused.")


class ReactivationCase(CommittedCase):
    def ask_back(self, instance):
        with self.open_env() as env:
            return env["saas.instance"].browse(instance)._reactivate().id

    def fail_to_come_back(self, instance, call="process.ensure_service"):
        """Have a reactivation fail.

        :return: the id of the operation
        """
        operation = self.ask_back(instance)
        self.fail_next(call, REFUSED)
        self.assertEqual(self.run_job(operation)[0], "failed")
        self.assertEqual(self.instance(instance, "status"), "error")
        return operation

    def check_serves(self, instance):
        self.assertEqual(
            self.instance(instance, "status", "provisioning_status"),
            ["running", "ready"],
        )


@tagged("post_install", "-at_install")
class TestReactivation(ReactivationCase):
    def test_a_failed_reactivation_is_retried(self):
        instance = self.make_instance("terminate")
        operation = self.fail_to_come_back(instance)
        with self.open_env() as env:
            env["saas.instance"].browse(instance)._retry()
        self.work(operation)
        self.check_serves(instance)

    def test_what_starts_after_a_failed_reactivation_is_alive_as_any(self):
        for kinds in (("start",), ("restart",), ("stop", "start")):
            with self.subTest(kinds=kinds):
                instance = self.make_instance("terminate")
                self.fail_to_come_back(instance, "tenant.wait_login")
                for kind in kinds:
                    self.do(instance, kind)
                self.check_serves(instance)

    def test_what_ends_again_is_kept_for_the_whole_retention_time(self):
        self.set_retention("30")
        self.addCleanup(self.set_retention, "0")
        for kinds in ((), ("start",), ("stop",)):
            with self.subTest(kinds=kinds):
                instance = self.make_instance("terminate")
                self.let_time_pass(instance, days=40)
                self.fail_to_come_back(instance)
                for kind in kinds:
                    self.do(instance, kind)
                self.do(instance, "terminate")
                with (
                    self.open_env() as env,
                    self.assertRaisesRegex(UserError, "is kept until"),
                ):
                    record = env["saas.instance"].browse(instance)
                    record._purge(record.subdomain, "Asked for.")

    def let_time_pass(self, instance, days):
        with self.open_env() as env:
            past = fields.Datetime.now() - timedelta(days=days)
            record = env["saas.instance"].browse(instance)
            record._write_guarded({"terminated_at": past})


@tagged("post_install", "-at_install")
class TestReactivationWithoutRoom(ReactivationCase):
    @classmethod
    def get_room(cls):
        return {"memory_mb": MEMORY}

    def test_what_found_no_room_holds_none_and_starts_when_there_is(self):
        for kind in ("start", "restart"):
            with self.subTest(kind=kind):
                waiting = self.make_instance("terminate")
                other = self.make_instance()
                operation = self.ask_back(waiting)
                state, message = self.run_job(operation)
                self.assertEqual(state, "failed")
                self.assertIn("has no room left", message)
                self.assertFalse(self.instance(waiting, "port"))
                self.do(other, "terminate")
                third = self.make_instance()  # There is room for one.
                self.do(third, "terminate")
                self.do(waiting, kind)
                self.check_serves(waiting)
                self.do(waiting, "terminate")
