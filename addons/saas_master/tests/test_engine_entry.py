"""A row of an operation is a request: the service that acts looks at the states."""

from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.saas_infra.drivers.errors import PermanentInfraError

from ..models.saas_operation_run import SaasOperation as Engine
from ..operations.playbooks import PLAYBOOKS
from .committed import CommittedCase

PARTS = ("roles", "databases", "directories")
REFUSED = PermanentInfraError("It is refused.")


@tagged("post_install", "-at_install")
class TestEngineEntry(CommittedCase):
    def test_what_runs_is_not_purged_however_it_was_asked_for(self):
        instance = self.make_instance()
        self.check_refused("purge", instance, "running: Purge is not possible now")
        self.assertEqual(self.instance(instance, "status"), "running")

    def test_what_a_customer_may_come_back_to_is_not_purged(self):
        instance = self.make_instance("terminate")
        self.keep_data("30")
        self.check_refused("purge", instance, "is kept until")

    def test_what_was_ready_once_is_neither_discarded_nor_created_again(self):
        instance = self.make_instance()
        self.check_refused("discard", instance, "Discard is not possible now")
        with self.open_env() as env:
            env["saas.instance"].browse(instance)._write_guarded({"status": "error"})
        self.check_refused("discard", instance, "was ready once")
        self.check_refused("provision", instance, "is there already")

    def test_what_has_ended_is_not_ended_again(self):
        instance = self.make_instance("terminate")
        with mute_logger("odoo.addons.saas_master.models.saas_instance_state"):
            for kind in ("terminate", "start", "repair"):
                self.check_refused(kind, instance, "is not possible now")
        self.assertEqual(self.instance(instance, "status"), "terminated")

    def test_what_is_for_templates_touches_no_instance_and_the_other_way(self):
        instance, template = self.make_instance("terminate"), self.ids["template"]
        for kind, subjects in (
            ("remove_template", {"instance_id": instance}),
            ("purge", {"instance_id": instance, "template_id": template}),
            ("purge", {"template_id": template}),
            ("purge", {"instance_id": False}),
        ):
            with self.subTest(kind=kind, subjects=subjects):
                self.check_refused(kind, instance, "is not for this", **subjects)

    def test_a_purge_that_has_begun_goes_on(self):
        instance = self.make_instance("terminate")
        purge = self.ask(instance, "purge")
        self.fail_next("directory.remove_directory", REFUSED)
        self.assertEqual(self.run_job(purge)[0], "failed")
        self.keep_data("30")
        with self.open_env() as env:
            env["saas.instance"].browse(instance)._retry()
        self.work(purge)
        self.assertFalse(self.instance(instance, "active"))

    def test_an_operation_that_cannot_begin_fails_in_words(self):
        instance = self.make_instance()
        operation = self.ask(instance, "stop")
        error = PermanentInfraError("The record is odd.")
        with patch.object(Engine, "_enter", side_effect=error):
            state, message = self.run_job(operation)
        self.assertEqual(state, "failed")
        self.assertIn("The record is odd.", message)
        self.assertEqual(self.instance(instance, "status"), "running")

    # === HELPERS === #

    def keep_data(self, days):
        self.set_retention(days)
        self.addCleanup(self.set_retention, "0")

    def plant(self, kind, **subjects):
        """Write an operation as no code of ours would.

        :return: its id
        """
        with self.open_env() as env:
            steps = PLAYBOOKS[kind].steps
            operation = env["saas.operation"]._create_guarded(
                [
                    {
                        "kind": kind,
                        **subjects,
                        "step_ids": [(0, 0, {"name": name}) for name in steps],
                    }
                ]
            )
            return operation.id

    def check_refused(self, kind, instance, text, **subjects):
        uuid = self.instance(instance, "uuid")
        before = self.find_outside(uuid)
        operation = self.plant(kind, **(subjects or {"instance_id": instance}))
        state, message = self.run_job(operation)
        self.assertEqual(state, "failed")
        self.assertIn(text, message)
        self.assertEqual(self.find_outside(uuid), before)
        self.assertTrue(all(before.values()))

    def find_outside(self, uuid):
        return {
            part: [
                name
                for name, found in self.outside.read(part).items()
                if found["mark"].endswith(uuid)
            ]
            for part in PARTS
        }
