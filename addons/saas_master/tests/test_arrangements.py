"""What staff arrange about days and money, by the buttons of a subscription."""

from datetime import datetime, timedelta
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from ..models.saas_guarded_mixin import SaasGuardedMixin
from ..wizards.saas_subscription_arrange import DAYS_AT_MOST
from .access_common import AccessCase

NOON = datetime(2031, 5, 17, 12)


@tagged("post_install", "-at_install")
class TestArrangements(AccessCase):
    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(SaasGuardedMixin, "_saas_now", lambda _: NOON))
        self.subscription = self.instance.subscription_id

    def test_a_trial_is_extended_by_days(self):
        self.subscription._decide(trial_end=NOON + timedelta(days=2))
        with self.fill("extend") as form:
            form.days = 3
            form.reason = "A slow start"
            self.assertIn("05/22/2031", form.warning)
        form.record.action_confirm()
        self.assertEqual(self.subscription.trial_end, NOON + timedelta(days=5))
        self.assert_reason("billing_extended", "A slow start")

    def test_no_days_are_taken_away(self):
        for days in (0, -3):
            with self.fill("extend") as form:
                form.days = days
                form.reason = "A slow start"
                self.assertFalse(form.warning)
            with (
                self.subTest(days=days),
                self.assertRaisesRegex(UserError, "one day at least"),
            ):
                form.record.action_confirm()

    def test_a_write_off_says_how_much_is_given_up(self):
        self.subscription._decide(status="overdue", due=25.0)
        with self.fill("write_off") as form:
            form.reason = "They are bankrupt"
            self.assertIn("25.00", form.warning)
            self.assertIn("cannot be undone", form.warning)
        form.record.action_confirm()
        self.assertEqual(self.subscription.due, 0.0)
        self.assert_reason("billing_written_off", "They are bankrupt")
        with self.assertRaisesRegex(UserError, "Nothing is owed"):
            form.record.action_confirm()

    def test_who_promises_to_pay_is_resumed(self):
        self.subscription._decide(status="suspended", due=25.0)
        self.instance.last_operation_id._write_guarded({"state": "done"})
        self.instance._write_guarded({"status": "paused"})
        with self.fill("promise") as form:
            form.reason = "By telephone"
            self.assertIn("is resumed", form.warning)
        form.record.action_confirm()
        self.assertEqual(self.instance.last_operation_id.kind, "resume")
        self.assertEqual(self.instance.billing_status, "overdue")
        self.assert_reason("billing_promised", "By telephone")

    def test_a_promise_is_for_a_time_to_come(self):
        self.subscription._decide(status="overdue", due=25.0)
        with self.fill("promise") as form:
            self.assertIn("nothing changes", form.warning)
            form.until = NOON
            form.reason = "By telephone"
        with self.assertRaisesRegex(UserError, "to come"):
            form.record.action_confirm()

    def test_each_is_refused_without_a_reason(self):
        self.subscription._decide(status="overdue", due=25.0)
        for kind in ("extend", "write_off", "promise"):
            dialog = self.open_dialog(kind).create({"reason": " "})
            with self.subTest(kind=kind), self.assertRaisesRegex(UserError, "Say why"):
                dialog.action_confirm()

    def test_what_may_be_arranged_is_managers(self):
        self.subscription._decide(status="overdue", due=25.0)
        for kind in ("extend", "write_off", "promise"):
            dialogs = self.open_dialog(kind)

            def get_call(user, dialogs=dialogs):
                mine = dialogs.with_user(user)
                return lambda: mine.create({"reason": "Ticket 1"}).action_confirm()

            with self.subTest(kind=kind):
                self.check_by_group("manager", get_call)

    def test_each_group_has_its_most_days(self):
        self.subscription._decide(status="overdue", due=25.0)
        for group, most in DAYS_AT_MOST.items():
            for days, is_refused in ((most, False), (most + 1, True)):
                until = NOON + timedelta(days=days)
                for kind, values in (("extend", {"days": days}), ("promise", {})):
                    dialogs = self.open_dialog(kind).with_user(self.users[group])
                    dialog = dialogs.create(
                        {"reason": "Ticket 1", "until": until, **values}
                    )
                    with self.subTest(group=group, kind=kind, days=days):
                        if not is_refused:
                            dialog.action_confirm()
                            continue
                        with self.assertRaisesRegex(UserError, f"{most} days at once"):
                            dialog.action_confirm()

    # === HELPERS === #

    def fill(self, kind):
        """Return the form that a button opens."""
        return Form(self.open_dialog(kind))

    def open_dialog(self, kind):
        action = getattr(self.subscription, f"action_{kind}")()
        return self.env[action["res_model"]].with_context(**action["context"])

    def assert_reason(self, kind, reason):
        [event] = self.instance.event_ids.filtered(lambda one: one.kind == kind)
        self.assertEqual(event.reason, reason)
