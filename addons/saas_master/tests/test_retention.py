from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.saas_infra.tools.settings import Settings

from ..models import saas_instance_request
from ..wizards import saas_settings
from .common import SaasCommon


@tagged("post_install", "-at_install")
class TestRetention(SaasCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        parameters = cls.env["ir.config_parameter"]
        parameters.set_param("saas_master.retention_days", "30")
        cls.instance = cls.request_instance()
        cls.instance.last_operation_id._write_guarded({"state": "done"})
        now = fields.Datetime.now()
        cls.instance._write_guarded({"status": "terminated", "terminated_at": now})

    def test_data_that_a_customer_may_come_back_to_is_not_purged(self):
        with self.assertRaisesRegex(UserError, "is kept until"):
            self.instance._purge(self.instance.subdomain, "asked for")

    def test_data_may_be_purged_after_the_retention_time(self):
        with freeze_time(fields.Datetime.now() + timedelta(days=31)):
            operation = self.instance._purge(self.instance.subdomain, "asked for")
        self.assertEqual(operation.kind, "purge")

    def test_below_the_platforms_own_retention_time_nothing_is_purged(self):
        """A row may be written by whatever took `web` over; a configuration not."""
        self.env["ir.config_parameter"].set_param("saas_master.retention_days", "-30")
        self.hold_for_at_least(7)
        purge = self.env["saas.operation"].new(
            {"kind": "purge", "instance_id": self.instance.id}
        )
        with freeze_time(fields.Datetime.now() + timedelta(days=6)):
            self.assertIn("is kept until", purge._get_refusal())
        with freeze_time(fields.Datetime.now() + timedelta(days=8)):
            self.assertFalse(purge._get_refusal())

    def test_people_see_until_when_it_is_kept(self):
        kept_until = self.instance.terminated_at + timedelta(days=30)
        self.assertEqual(self.instance.kept_until, kept_until)
        self.assertFalse(self.instance.may_be_purged)
        with freeze_time(kept_until + timedelta(minutes=1)):
            self.instance.invalidate_recordset()
            self.assertTrue(self.instance.may_be_purged)
        self.instance._write_guarded({"status": "running"})
        self.assertFalse(self.instance.kept_until or self.instance.may_be_purged)

    def test_operators_choose_how_long(self):
        operator = new_test_user(
            self.env, "retention_operator", groups="saas_infra.group_operator"
        )
        settings = self.env["saas.settings"].with_user(operator).create({})
        self.assertEqual((settings.retention_days, settings.redirect_days), (30, 30))
        settings.retention_days = 60
        settings.action_apply()
        kept_until = self.instance.terminated_at + timedelta(days=60)
        self.assertEqual(self.instance.kept_until, kept_until)
        events = self.env["saas.event"].search([("kind", "=", "setting_changed")])
        self.assertEqual(
            events.mapped("message"), ["Days of Retention: 60 instead of 30."]
        )

    def test_operators_choose_no_less_than_the_platform_keeps(self):
        self.hold_for_at_least(7)
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("saas_master.retention_days", "6")
        settings = self.env["saas.settings"].create({})
        self.assertEqual(settings.retention_days, 7)
        settings.retention_days = 6
        with self.assertRaisesRegex(UserError, "at least 7 days"):
            settings.action_apply()
        settings.retention_days = 7
        settings.action_apply()
        self.assertEqual(
            self.instance.kept_until, self.instance.terminated_at + timedelta(days=7)
        )

    def hold_for_at_least(self, days):
        held = Settings(least_retention_days=days)
        for module in (saas_instance_request, saas_settings):
            self.patch(module, "get_settings", lambda: held)

    def test_a_purge_needs_a_reason(self):
        with self.assertRaisesRegex(UserError, "needs a reason"):
            self.instance._purge(self.instance.subdomain, " ")
