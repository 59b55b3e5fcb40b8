"""Mail leaves an instance by its cluster's relay, as its plan and its state allow."""

from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.saas_infra.drivers import fakes
from odoo.addons.saas_infra.drivers.errors import PermanentInfraError

from ..models.saas_subscription import BillingState
from .reconcile_common import ReconcileCase


@tagged("post_install", "-at_install")
class TestMail(ReconcileCase):
    def login_of(self, instance):
        return self.outside.read("logins").get(self.instance(instance, "service"))

    def rights_of(self, instance):
        login = self.login_of(instance)
        return login["enabled"], login["daily_limit"]

    def bill(self, instance, status):
        """Have billing say what is true, and do what follows."""
        with self.open_env() as env:
            subscription = env["saas.instance"].browse(instance).subscription_id
            subscription._apply_billing_state(
                BillingState(status=status, plan=subscription.plan_id.code)
            )
        self.work_at_last(instance)

    def confirm(self, instance):
        with self.open_env() as env:
            env["saas.instance"].browse(instance).subscription_id._confirm()

    def set_relay(self, **values):
        with self.open_env() as env:
            self.fleet(env, "relay").write(values)

    # === WHO MAY SEND === #

    def test_a_trial_sends_no_mail_until_it_is_confirmed(self):
        instance = self.make_instance()
        self.assertEqual(self.rights_of(instance), (False, 200))
        self.confirm(instance)
        self.assertEqual(self.work_at_last(instance), "mail")
        self.assertEqual(self.rights_of(instance), (True, 200))
        self.check_settled(instance, "running")

    def test_a_confirmation_is_written_down_once(self):
        instance = self.make_instance()
        self.confirm(instance)
        self.confirm(instance)
        with self.open_env() as env:
            domain = [("instance_id", "=", instance), ("kind", "=", "trial_confirmed")]
            self.assertEqual(env["saas.event"].search_count(domain), 1)

    def test_what_is_paid_for_sends_mail(self):
        instance = self.make_instance()
        self.bill(instance, "paid")
        self.assertEqual(self.rights_of(instance), (True, 200))

    def test_what_began_without_a_trial_sends_mail(self):
        instance = self.make_instance(trial=False)
        self.assertEqual(self.rights_of(instance), (True, 200))

    def test_what_is_suspended_sends_none_until_it_is_resumed(self):
        instance = self.make_instance("suspend", trial=False)
        self.assertEqual(self.rights_of(instance), (False, 200))
        self.do(instance, "resume")
        self.assertEqual(self.rights_of(instance), (True, 200))

    def test_what_is_not_paid_for_sends_none(self):
        instance = self.make_instance(trial=False)
        self.bill(instance, "suspended")
        self.assertEqual(self.rights_of(instance), (False, 200))

    def test_what_has_ended_has_no_login_and_gets_the_same_one_back(self):
        instance = self.make_instance("terminate")
        self.assertIsNone(self.login_of(instance))
        before = self.instance(instance, "mail_password_sealed")
        self.do(instance, "reactivate")
        self.assertTrue(self.login_of(instance))
        self.assertEqual(self.instance(instance, "mail_password_sealed"), before)

    def test_a_purge_leaves_neither_login_nor_password(self):
        instance = self.make_instance("terminate", "purge")
        self.assertIsNone(self.login_of(instance))
        self.assertFalse(self.instance(instance, "mail_password_sealed"))

    def test_what_must_not_send_mail_sends_none_although_it_does_not_end(self):
        for kinds, call, rights in (
            (("suspend",), "process.stop_service", (False, 200)),
            (("terminate",), "process.remove_service", None),
            (("terminate", "purge"), "nginx.remove_route", None),
        ):
            *before, kind = kinds
            with self.subTest(kind=kind):
                instance = self.make_instance(*before, trial=False)
                if before:  # As one from before logins went first.
                    self.give_login(instance)
                operation = self.ask(instance, kind)
                self.fail_next(call, PermanentInfraError("It is refused."))
                self.assertEqual(self.run_job(operation)[0], "failed")
                login = self.login_of(instance)
                self.assertEqual(login and self.rights_of(instance), rights)

    def test_what_is_blocked_sends_none_although_it_does_not_end(self):
        instance = self.make_instance(trial=False)
        self.ask(instance, "restart")
        block = self.ask(instance, "block")
        self.fail_next("nginx.ensure_route", PermanentInfraError("It is refused."))
        self.assertEqual(self.run_job(block)[0], "failed")
        self.assertEqual(self.rights_of(instance), (False, 200))

    def give_login(self, instance):
        with self.open_env() as env:
            spec = env["saas.instance"].browse(instance)._get_mail_login_spec()
        self.outside.driver("exim").ensure_login(spec)

    # === MANY AT ONCE === #

    def test_who_was_asked_before_a_suspension_tells_what_is_so_after_it(self):
        instance = self.make_instance(trial=False)
        mail = self.ask(instance, "mail")
        self.do(instance, "suspend")
        self.work(mail)
        self.assertEqual(self.rights_of(instance), (False, 200))

    def test_who_is_slow_to_tell_the_relay_does_not_undo_a_suspension(self):
        instance = self.make_instance(trial=False)
        mail = self.ask(instance, "mail")
        ensure, told = fakes.FakeEximDriver.ensure_login, []

        def suspend_meanwhile(driver, spec):
            told.append(spec.enabled)
            if len(told) == 1:
                self.do(instance, "suspend")
            ensure(driver, spec)

        with patch.object(fakes.FakeEximDriver, "ensure_login", suspend_meanwhile):
            self.work(mail)
        self.assertEqual(told, [True, False, False])
        self.assertEqual(self.rights_of(instance), (False, 200))
        self.check_settled(instance, "paused")

    # === WHAT IT SENDS AS, AND HOW MUCH === #

    def test_another_plan_brings_its_mails(self):
        instance = self.make_instance()
        with self.open_env() as env:
            plan = self.fleet(env, "plan").copy({"code": "mails", "mails_per_day": 9})
            code = plan.code
        self.do(instance, "change_plan", plan=code)
        self.assertEqual(self.rights_of(instance)[1], 9)

    def test_people_see_its_present_name(self):
        instance = self.make_instance(subdomain="mail-before")
        sender = "notifications@mail-before.tenants.test"
        self.assertEqual(self.login_of(instance)["sender"], sender)
        with self.open_env() as env:
            operation = env["saas.instance"].browse(instance)._rename("mail-after").id
        self.work(operation)
        sender = "notifications@mail-after.tenants.test"
        self.assertEqual(self.login_of(instance)["sender"], sender)

    def test_the_tenant_knows_an_address_that_no_name_changes(self):
        instance = self.make_instance()
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            spec = record._get_service_spec().mail
            login = record._get_mail_login_spec()
        self.assertEqual(spec.address, f"{spec.login}@tenants.test")
        self.assertEqual((spec.login, spec.password), (login.name, login.password))
        self.assertEqual(spec.address, login.address)
        self.assertNotIn(spec.password, repr(spec) + repr(login))

    # === WHERE IT IS NOT SO === #

    def test_a_login_that_is_not_what_it_should_be_is_set_without_a_restart(self):
        for change in ({"enabled": True}, {"daily_limit": 9}, {"sender": "x@y.test"}):
            with self.subTest(change=change):
                instance = self.make_instance()
                with self.outside_of(instance, "logins") as logins:
                    logins[self.service] |= change
                self.reconcile()
                self.assertEqual(self.work_at_last(instance), "mail")
                self.check_settled(instance, "running")

    def test_a_login_that_is_gone_is_made_again(self):
        for kinds, status in (((), "running"), (("suspend",), "paused")):
            instance = self.make_instance(*kinds)
            with self.outside_of(instance, "logins") as logins:
                del logins[self.service]
            self.reconcile()
            self.assertEqual(self.work_at_last(instance), "mail")
            self.check_settled(instance, status)

    def test_the_login_of_what_has_ended_is_removed(self):
        instance = self.make_instance()
        login = self.login_of(instance)
        self.do(instance, "terminate")
        with self.outside_of(instance, "logins") as logins:
            logins[self.service] = login
        self.reconcile()
        self.assertEqual(self.work_at_last(instance), "repair_end")
        self.assertIsNone(self.login_of(instance))

    def test_a_login_that_nobody_knows_is_told_and_left(self):
        self.plant("logins", "odoo_orphan")
        with self.outside.get_world().change() as state:
            rights = {"sender": "a@b.test", "daily_limit": 1, "enabled": True}
            state["logins"]["odoo_orphan"] |= rights
        self.assertIn("odoo_orphan", self.reconcile()["orphans"])
        self.assertIn("odoo_orphan", self.outside.read("logins"))

    def test_an_instance_from_before_the_relay_gets_its_login_when_it_starts(self):
        with self.open_env() as env:
            self.fleet(env, "cluster")._write_guarded({"relay_id": False})
        instance = self.make_instance()
        self.assertIsNone(self.login_of(instance))
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            self.assertIsNone(record._get_service_spec().mail)
            cluster, relay = self.fleet(env, "cluster"), self.fleet(env, "relay")
            cluster._change_place(cluster.name, {"relay_id": relay.name})
        self.check_settled(instance, "running")
        self.do(instance, "restart")
        self.assertTrue(self.login_of(instance))

    def test_a_relay_that_is_closed_is_not_talked_to(self):
        instance = self.make_instance()
        self.set_relay(state="closed")
        self.addCleanup(self.set_relay, state="open")
        calls = len(self.calls("exim."))
        self.check_settled(instance, "running")
        self.assertEqual(len(self.calls("exim.")), calls)

    def test_a_relay_that_fails_is_told_with_the_step(self):
        error = PermanentInfraError("The disk is full.")
        self.fail_next("exim.ensure_login", error)
        _instance, operation = self.create_instance()
        state, message = self.run_job(operation)
        self.assertEqual((state, "disk is full" in message), ("failed", True))
        self.assertEqual(self.step_states(operation)["mail"], "failed")

    def test_nobody_writes_what_decides_over_mail(self):
        instance = self.make_instance()
        with self.open_env() as env:
            record = env["saas.instance"].browse(instance)
            for name, value in (("may_send_mail", True), ("mails_per_day", 10**6)):
                with self.assertRaises(AccessError):
                    record.write({name: value})
            with self.assertRaises(AccessError):
                record.subscription_id.is_confirmed = True
