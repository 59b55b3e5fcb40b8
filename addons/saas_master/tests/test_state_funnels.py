"""States change through their funnels alone, and along the table of moves."""

from datetime import datetime

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..operations.playbooks import ANY, PLAYBOOKS
from .common import SaasCommon

STATE = "odoo.addons.saas_master.models.saas_instance_state"


@tagged("post_install", "-at_install")
class TestStateFunnels(SaasCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.instance = cls.request_instance()
        cls.instance.operation_ids._write_guarded({"state": "done"})

    def test_an_allowed_move_is_made_with_its_message_and_time(self):
        moved = self.instance._update_status({"creating"}, "running", "It is there.")
        self.assertEqual(moved, self.instance)
        self.assertEqual(self.instance.status, "running")
        self.assertEqual(self.instance.message, "It is there.")
        self.assertTrue(self.instance.last_state_change)

    def test_the_same_state_is_a_silent_skip(self):
        with self.assertNoLogs(STATE, level="INFO"):
            moved = self.instance._update_status({"running"}, "creating")
        self.assertFalse(moved)

    def test_the_same_state_takes_a_new_message(self):
        self.instance._update_status({"creating"}, "error", "First.")
        moved = self.instance._update_status({"creating"}, "error", "Second.")
        self.assertFalse(moved)
        self.assertEqual(self.instance.message, "Second.")

    def test_a_move_that_is_not_allowed_is_refused_and_logged(self):
        with self.assertLogs(STATE, level="WARNING") as log:
            moved = self.instance._update_status({"stopped"}, "running")
        self.assertFalse(moved)
        self.assertEqual(self.instance.status, "creating")
        self.assertIn(self.instance.subdomain, log.output[0])

    def test_of_several_only_those_that_may_are_moved(self):
        other = self.request_instance()
        other._write_guarded({"status": "stopped"})
        with mute_logger(STATE):
            moved = (self.instance | other)._update_status({"stopped"}, "running")
        self.assertEqual(moved, other)

    def test_provisioning_keeps_when_it_was_ready_and_when_it_ended(self):
        self.instance._update_provisioning_status({"pending"}, "ready")
        self.assertTrue(self.instance.ready_at)
        first = datetime(2031, 5, 17)
        self.instance._write_guarded({"ready_at": first})
        self.instance._update_provisioning_status({"ready"}, "terminated", "It ended.")
        self.assertTrue(self.instance.terminated_at)
        self.assertEqual(self.instance.message, "It ended.")
        self.instance._update_provisioning_status({"terminated"}, "ready")
        self.assertEqual(self.instance.ready_at, first)

    def test_provisioning_goes_along_its_moves_alone(self):
        with self.assertLogs(STATE, level="WARNING") as log:
            moved = self.instance._update_provisioning_status({"provisioning"}, "ready")
        self.assertFalse(moved)
        self.assertEqual(self.instance.provisioning_status, "pending")
        self.assertFalse(self.instance.ready_at)
        self.assertIn(self.instance.subdomain, log.output[0])
        with self.assertNoLogs(STATE, level="INFO"):
            self.instance._update_provisioning_status({"provisioning"}, "pending")

    def test_what_billing_saw_is_always_accepted(self):
        for status in ("suspended", "trial", "overdue", "paid"):
            self.instance._update_billing_status(status)
            self.assertEqual(self.instance.billing_status, status)

    def test_an_unusual_jump_of_billing_is_told_apart(self):
        for status, kind, message in (
            ("paid", "billing_status", "Billing went from Trial to Paid."),
            ("overdue", "billing_status", "Billing went from Paid to Overdue."),
            (
                "payment_required",
                "billing_jump",
                "Billing jumped from Overdue to Payment required, which is unusual.",
            ),
        ):
            for _ in range(2):  # Told again it is no news.
                self.instance._update_billing_status(status)
            self.assertEqual(self.read_last_event(), (kind, message))
        self.assertEqual(len(self.instance.event_ids), 4)

    def test_a_subscription_that_begins_anew_is_no_jump(self):
        self.instance._update_billing_status("paid")
        self.instance._write_guarded(
            {"status": "terminated", "ready_at": datetime(2031, 5, 17)}
        )
        self.instance._reactivate()
        self.assertIn(
            "Billing went from Paid to Payment required.",
            self.instance.event_ids.mapped("message"),
        )

    def read_last_event(self):
        event = self.instance.event_ids.sorted("id")[-1]
        return event.kind, event.message

    def test_nobody_writes_a_state_beside_the_funnels(self):
        for field in (
            "status",
            "desired_status",
            "provisioning_status",
            "billing_status",
            "subdomain",
            "partner_id",
            "memory_mb",
            "cluster_id",
        ):
            with (
                self.subTest(field=field),
                self.assertRaisesRegex(AccessError, "Only the platform itself"),
            ):
                self.instance.with_context(saas_funnel=True).sudo().write({field: 1})

    def test_an_operation_is_asked_for_where_its_playbook_allows_it_only(self):
        self.instance._write_guarded({"ready_at": datetime(2031, 5, 17)})
        for kind, playbook in PLAYBOOKS.items():
            for status in sorted(ANY):
                self.instance._write_guarded({"status": status})
                with self.subTest(kind=kind, status=status):
                    self.check_request(kind, status in playbook.allowed_from)

    def test_of_what_was_never_ready_little_is_asked(self):
        allowed = {"provision", "discard", "terminate", "purge"}
        for kind in sorted(set(PLAYBOOKS) - allowed):
            for status in sorted(PLAYBOOKS[kind].allowed_from):
                self.instance._write_guarded({"status": status})
                with (
                    self.subTest(kind=kind, status=status),
                    self.assertRaisesRegex(UserError, "was never ready: "),
                ):
                    self.instance._request(kind)
        self.instance._write_guarded({"status": "error"})
        for kind in ("discard", "terminate"):
            self.check_request(kind, True)

    def check_request(self, kind, allowed):
        if allowed:
            operation = self.instance._request(kind)
            self.assertEqual(operation.state, "queued")
            operation._write_guarded({"state": "done"})
            self.env.flush_all()
            return
        with self.assertRaisesRegex(UserError, "is not possible now"):
            self.instance._request(kind)

    def test_every_playbook_ends_where_another_one_can_begin(self):
        for kind, playbook in PLAYBOOKS.items():
            with self.subTest(kind=kind):
                self.assertTrue(playbook.steps)
                for status in {playbook.during, playbook.after} - {""}:
                    self.assertIn(status, ANY)
                if playbook.breaks:  # What it left in error is retried from there.
                    self.assertIn("error", playbook.moves_from)

    def test_nothing_is_asked_of_what_is_gone(self):
        self.instance._write_guarded({"status": "terminated", "active": False})
        with self.assertRaisesRegex(UserError, "Nothing is left"):
            self.instance._request("reactivate")
