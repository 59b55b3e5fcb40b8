"""Names: what may be one, whose it is, and when it is free again."""

from datetime import timedelta
from functools import partial
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged

from odoo.addons.saas_infra.drivers.errors import PermanentInfraError

from ..models.saas_guarded_mixin import SaasGuardedMixin
from .committed import CommittedCase


@tagged("post_install", "-at_install")
class TestSubdomainRules(TransactionCase):
    def check(self, name):
        return self.env["saas.subdomain"]._check_name(name)

    def test_rfc_1123_labels_are_accepted(self):
        for name in ("abc", "a1c", "1ab", "my-company", "a--b", "a" * 63):
            with self.subTest(name=name):
                self.assertEqual(self.check(name), name)

    def test_upper_case_and_spaces_around_are_forgiven(self):
        self.assertEqual(self.check("  My-Company "), "my-company")

    def test_what_is_no_label_is_refused_with_the_reason(self):
        for name in (
            *("", None, "ab", "-abc", "abc-", "a_c", "a.c", "a c", "a" * 64),
            *("abc\n", "abc\x00def", "'; $(id)", "{{7*7}}", "<script>", "a/../b"),
        ):
            if name == "abc\n":  # Only what surrounds it is dropped.
                self.assertEqual(self.check(name), "abc")
                continue
            with (
                self.subTest(name=name),
                self.assertRaisesRegex(UserError, "3 to 63 letters"),
            ):
                self.check(name)

    def test_letters_beyond_a_to_z_are_refused_with_the_reason(self):
        for name in ("münchen", "аpple", "日本語", "xn--mnchen-3ya", "XN--abc", "ſab"):
            with (
                self.subTest(name=name),
                self.assertRaisesRegex(UserError, "letters beyond a to z"),
            ):
                self.check(name)

    def test_reserved_words_are_refused(self):
        for name in ("www", "admin", "MAIL", "localhost", "postmaster", "saas"):
            with (
                self.subTest(name=name),
                self.assertRaisesRegex(UserError, "is reserved"),
            ):
                self.check(name)


@tagged("post_install", "-at_install")
class TestSubdomainLife(CommittedCase):
    def test_a_name_in_use_is_taken(self):
        instance = self.make_instance()
        name = self.instance(instance, "subdomain")
        self.check_taken(name)
        self.check_taken(name.upper())

    def test_a_purge_frees_the_name(self):
        instance = self.make_instance("terminate")
        name = self.instance(instance, "subdomain")
        self.check_taken(name)
        self.do(instance, "purge")
        again = self.make_instance(subdomain=name)
        self.assertEqual(self.instance(again, "status"), "running")

    def test_a_discard_frees_the_name(self):
        instance, operation = self.create_instance()
        name = self.instance(instance, "subdomain")
        self.fail_next("postgresql.ensure_role", PermanentInfraError("Refused."))
        self.run_job(operation)
        self.check_taken(name)
        self.do(instance, "discard")
        self.make_instance(subdomain=name)

    def test_an_old_name_leads_to_the_new_one_and_stays_reserved(self):
        instance, old = self.make_renamed()
        route = self.route_of(instance)
        new = self.instance(instance, "subdomain")
        self.assertEqual(route["hosts"], [f"{new}.tenants.test"])
        self.assertEqual(route["redirects"], [f"{old}.tenants.test"])
        self.check_taken(old)
        self.release(days=29)
        self.check_taken(old)
        self.assertEqual(self.route_of(instance), route)

    def test_an_instance_may_have_its_old_name_back(self):
        instance, old = self.make_renamed()
        new = self.instance(instance, "subdomain")
        self.rename(instance, old)
        route = self.route_of(instance)
        self.assertEqual(route["hosts"], [f"{old}.tenants.test"])
        self.assertEqual(route["redirects"], [f"{new}.tenants.test"])
        self.release(days=31, run=instance)
        self.make_instance(subdomain=new)
        self.check_taken(old)
        with self.assertRaisesRegex(UserError, "is taken"):
            self.rename(instance, old)

    def test_an_old_name_is_free_after_its_time_and_leads_nowhere(self):
        instance, old = self.make_renamed()
        self.release(days=31, run=instance)
        self.assertFalse(self.route_of(instance)["redirects"])
        self.assertEqual(self.route_of(instance)["state"], "running")
        self.make_instance(subdomain=old)

    def test_an_old_name_of_what_does_not_serve_is_freed_too(self):
        for kind, state in (
            ("stop", "stopped"),
            ("suspend", "suspended"),
            ("terminate", "stopped"),
        ):
            with self.subTest(kind=kind):
                instance, old = self.make_renamed()
                self.do(instance, kind)
                status = self.instance(instance, "status")
                self.release(days=31, run=instance)
                route = self.route_of(instance)
                self.assertEqual((route["state"], route["redirects"]), (state, []))
                self.assertEqual(self.instance(instance, "status"), status)
                self.make_instance(subdomain=old)

    def test_an_old_name_stays_reserved_while_its_route_cannot_be_changed(self):
        instance, old = self.make_renamed()
        self.fail_next("nginx.ensure_route", PermanentInfraError("nginx refuses."))
        self.release(days=31)
        operation = self.instance(instance, "last_operation_id")
        self.assertEqual(self.run_job(operation)[0], "failed")
        self.check_taken(old)
        self.release(days=31, run=instance)
        self.make_instance(subdomain=old)

    def test_an_old_name_waits_while_its_instance_is_being_changed(self):
        instance, old = self.make_renamed()
        restart = self.ask(instance, "restart")
        self.release(days=31)
        self.work(restart)
        self.check_taken(old)
        self.release(days=31, run=instance)
        self.make_instance(subdomain=old)

    def test_a_plan_may_hold_on_to_the_name(self):
        instance = self.make_instance()
        name = self.instance(instance, "subdomain")
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            plan, other = record.plan_id, record.plan_id.copy({"code": f"{name}-x"})
            other.may_rename = False
            record._write_guarded({"plan_id": other.id})
            for ask in (record.action_rename, partial(record._rename, f"{name}-new")):
                with self.assertRaisesRegex(UserError, f"{name} keeps its name in"):
                    ask()
            record._write_guarded({"plan_id": plan.id})
            self.assertTrue(record.action_rename())
        self.rename(instance, f"{name}-new")

    # === HELPERS === #

    def make_renamed(self):
        instance = self.make_instance()
        old = self.instance(instance, "subdomain")
        self.rename(instance, f"{old}-new")
        return instance, old

    def rename(self, instance, name):
        with self.open_env() as env:
            operation = env["saas.instance"].browse(instance)._rename(name).id
        self.work(operation)

    def release(self, *, days, run=None):
        """Let the scheduled action come after some days, and run what it opens."""
        later = fields.Datetime.now() + timedelta(days=days)
        with patch.object(SaasGuardedMixin, "_saas_now", lambda _self: later):
            with self.open_env() as env:
                env["saas.subdomain"]._cron_release_redirects()
            if run:
                self.assertEqual(self.work_at_last(run), "release_names")

    def check_taken(self, name):
        with self.open_env() as env, self.assertRaisesRegex(UserError, "is taken"):
            env["saas.subdomain"]._check_name(name)

    def route_of(self, instance):
        return self.outside.read("routes")[self.instance(instance, "service")]
