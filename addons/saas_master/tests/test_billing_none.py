"""The provider none: nobody bills, staff decide."""

from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.saas_guarded_mixin import SaasGuardedMixin
from .test_billing import NOON, BillingCase


@tagged("post_install", "-at_install")
class TestStaffDecide(BillingCase):
    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(SaasGuardedMixin, "_saas_now", lambda _: NOON))

    def test_nothing_is_billed(self):
        instance = self.make_instance()
        with self.open_env() as env:
            subscription = env["saas.instance"].browse(instance).subscription_id
            plan = env["saas.plan"].search([("code", "=", self.large)])
            preview = subscription._billing_preview_change(plan)
            self.assertEqual((preview.due_now, preview.effective_at), (0.0, NOON))
            self.assertEqual(subscription._billing_open_items(), [])
        self.assertEqual(self.kinds(instance), ["provision"])

    def test_a_cancellation_takes_effect_when_what_is_paid_is_over(self):
        instance = self.make_instance()
        soon = NOON + timedelta(days=9)
        for status, dates, expected in (
            ("trial", {"trial_end": soon}, soon),
            ("paid", {"paid_until": soon}, soon),
            ("overdue", {"paid_until": NOON - timedelta(days=1)}, NOON),
            ("payment_required", {"paid_until": None}, NOON),
        ):
            with self.subTest(status=status):
                self.say(instance, status=status, **dates)
                self.bill(instance, "cancel")
                self.assertEqual(self.subscription(instance, "cancel_at"), expected)
                self.bill(instance, "undo_cancel")
                self.assertFalse(self.subscription(instance, "cancel_at"))
        with self.assertRaisesRegex(UserError, "was not cancelled"):
            self.bill(instance, "undo_cancel")
        self.assertEqual(self.instance(instance, "status"), "running")

    def test_days_are_added_to_the_trial_or_to_what_is_paid(self):
        instance = self.make_instance()
        trial_end = NOON + timedelta(days=14)
        self.bill(instance, "extend", 3, "A slow start")
        self.assertEqual(
            self.subscription(instance, "trial_end"), trial_end + timedelta(days=3)
        )
        self.say(instance, status="paid", paid_until=NOON - timedelta(days=5))
        self.bill(instance, "extend", 2, "An outage")
        self.assertEqual(
            self.subscription(instance, "paid_until"), NOON + timedelta(days=2)
        )
        self.assertEqual(
            self.reasons(instance, "billing_extended"), ["An outage", "A slow start"]
        )

    def test_a_write_off_leaves_nothing_owed_and_says_why(self):
        instance = self.make_instance()
        self.say(instance, status="overdue", due=25.0)
        self.bill(instance, "write_off", "They are bankrupt")
        self.assertEqual(self.subscription(instance, "due"), 0.0)
        self.assertEqual(self.instance(instance, "billing_status"), "overdue")
        self.assertEqual(
            self.reasons(instance, "billing_written_off"), ["They are bankrupt"]
        )

    def test_who_promises_to_pay_works_again(self):
        instance = self.make_instance()
        self.say(instance, status="suspended", due=25.0)
        self.work_at_last(instance)
        self.bill(instance, "promise", NOON + timedelta(days=3), "By telephone")
        self.assertEqual(self.work_at_last(instance), "resume")
        self.assertEqual(
            self.instance(instance, "status", "billing_status"), ["running", "overdue"]
        )
        self.assertEqual(self.subscription(instance, "due"), 25.0)
        self.assertEqual(self.reasons(instance, "billing_promised"), ["By telephone"])

    def test_a_stop_ends_the_instance(self):
        instance = self.make_instance()
        self.bill(instance, "stop")
        self.assertEqual(self.subscription(instance, "ended_at"), NOON)
        self.assertEqual(self.work_at_last(instance), "terminate")

    def test_nothing_is_asked_of_a_subscription_that_has_ended(self):
        instance = self.make_instance("terminate")
        for name, args in (
            ("cancel", ()),
            ("undo_cancel", ()),
            ("extend", (1, "why")),
            ("promise", (NOON, "why")),
        ):
            with (
                self.subTest(name=name),
                self.assertRaisesRegex(UserError, "has ended"),
            ):
                self.bill(instance, name, *args)

    # === HELPERS === #

    def bill(self, instance, name, *args):
        with self.open_env() as env:
            subscription = env["saas.instance"].browse(instance).subscription_id
            getattr(subscription, f"_billing_{name}")(*args)

    def subscription(self, instance, field):
        with self.open_env() as env:
            return env["saas.instance"].browse(instance).subscription_id[field]

    def reasons(self, instance, kind):
        with self.open_env() as env:
            events = env["saas.instance"].browse(instance).event_ids
            return events.filtered(lambda one: one.kind == kind).mapped("reason")
