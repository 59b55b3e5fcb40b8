"""The backend's own JavaScript in a real browser; its tours are in static/tests."""

from unittest.mock import patch

from odoo.tests import HttpCase, common, tagged

from odoo.addons.saas_infra.drivers import fakes
from odoo.addons.saas_infra.drivers.errors import RetryableInfraError

from ..models.saas_api import SaasApi
from .access_common import AccessCase

# A browser that is not up by then is a test that is skipped, and that fails a run.
STARTING_SECONDS = 60


# Debian's tree of Odoo lacks this one; in its place stands a message to the console.
MISSING = "mail/static/lib/selfie_segmentation/selfie_segmentation.js"


@tagged("post_install", "-at_install")
class TestBrowser(AccessCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.asset"].create(
            {
                "name": MISSING,
                "bundle": "web.assets_backend",
                "directive": "remove",
                "path": MISSING,
            }
        )

    def setUp(self):
        super().setUp()
        tries = int(STARTING_SECONDS / common.CHECK_BROWSER_SLEEP)
        self.startPatcher(patch.object(common, "CHECK_BROWSER_ITERATIONS", tries))

    def tour(self, name, path, *happens):
        """Follow a tour as a manager.

        :param happens: what happens on the server each time that the tour goes on;
            called with the environment of the request
        """
        coming = list(happens)

        def go_on_for_test(api):
            self.env.invalidate_all()
            coming.pop(0)(api.sudo().env)
            self.env.flush_all()

        self.startPatcher(
            patch.object(SaasApi, "go_on_for_test", go_on_for_test, create=True)
        )
        self.start_tour(path, name, login=self.users["manager"].login, timeout=300)
        self.assertFalse(coming, "the tour did not go on to the end")

    def move(self, operation, state, message=False, **steps):
        """Write what the engine writes; to all steps where none is named."""
        operation._write_guarded({"state": state, "message": message})
        for step in operation.step_ids:
            if not steps or step.name in steps:
                now = steps.get(step.name, state)
                told = message if now == "failed" else False
                step._write_guarded({"state": now, "message": told})

    def test_an_operation_is_followed_step_by_step_without_a_reload(self):
        operation = self.request_instance().last_operation_id

        def move(*arguments, **steps):
            return lambda _env: self.move(operation, *arguments, **steps)

        self.tour(
            "saas_master_progress",
            f"/odoo/saas-operations/{operation.id}",
            move("running", place="running"),
            move("running", place="done", storage="running"),
            move("failed", "The disk <b>is</b> full.", storage="failed"),
            move("done"),
        )

    def test_an_instance_shows_the_operation_that_was_just_asked_for(self):
        def end(_env):
            operation = self.instance.last_operation_id
            self.assertEqual(operation.kind, "stop")
            self.move(operation, "done")
            self.instance._write_guarded({"status": "stopped"})

        path = f"/odoo/saas-instances/{self.instance.id}"
        self.tour("saas_master_stop", path, end)

    def test_the_fleet_in_figures_leads_to_lists(self):
        others = self.env["saas.instance"].search([("id", "!=", self.instance.id)])
        others._write_guarded({"status": "paused"})
        failed = self.env["saas.operation"].search([("state", "=", "failed")])
        failed._write_guarded({"state": "discarded"})
        self.make_instance("stopped")

        def happen(_env):
            self.make_instance("running")
            self.make_instance("paused", operation="failed")

        self.tour("saas_master_dashboard", "/odoo/saas-fleet", happen)

    def test_the_log_shows_its_end_and_what_came_since(self):
        lines = [f"line {number} <b>of the log</b>" for number in range(1, 201)]

        def answer(env):
            inquiry = env["saas.inquiry"].search([("state", "=", "waiting")])
            inquiry.ensure_one()._job_answer()

        def answer_with_one_more(env):
            lines.append("line 201 <b>of the log</b>")
            answer(env)

        def be_away(env):
            error = RetryableInfraError("It is away.")
            with patch.object(fakes.FakeProcessDriver, "logs", side_effect=error):
                answer(env)

        self.startPatcher(
            patch.object(
                fakes.FakeProcessDriver, "logs", lambda *_, **__: "\n".join(lines)
            )
        )
        path = f"/odoo/saas-instances/{self.instance.id}"
        self.tour("saas_master_log", path, answer, answer_with_one_more, be_away)
