"""Who may press which button."""

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .access_common import AccessCase
from .access_tables import ACTIONS, BUTTONS, CONFIRMED, DIALOGS


@tagged("post_install", "-at_install")
class TestActionMatrix(AccessCase):
    def test_buttons_of_instances(self):
        for method, (needed, status) in ACTIONS.items():
            operation = "failed" if method == "action_retry" else "done"
            instance = self.make_instance(status, operation=operation)
            with self.subTest(method=method):
                self.check_button(needed, instance, method)

    def test_confirmed_operations(self):
        for kind, (needed, status) in CONFIRMED.items():
            ready = {"ready_at": False} if kind == "discard" else {}
            instance = self.make_instance(status, **ready)
            values = {"kind": kind, "instance_ids": [Command.set(instance.ids)]}

            def get_call(user, values=values):
                dialogs = self.env["saas.instance.confirm"].with_user(user)
                return lambda: dialogs.create(values).action_confirm()

            with self.subTest(kind=kind):
                self.check_by_group(needed, get_call)

    def test_dialogs_that_ask_for_more(self):
        customer = self.env["res.partner"].create({"name": "Next"})
        other = self.fleet.plan.copy({"code": "other", "name": "Other"})
        filled = {
            "saas.instance.change.plan": {"plan_id": other.id},
            "saas.instance.rename": {"subdomain": "renamed"},
            "saas.instance.hand.over": {
                "partner_id": customer.id,
                "email": "next@x.test",
            },
            "saas.instance.open": {"reason": "Ticket 1"},
            "saas.instance.create": {
                "plan_id": self.fleet.plan.id,
                "subdomain": "fresh-one",
                "customer": "Fresh",
                "email": "fresh@x.test",
            },
            "saas.subscription.arrange": {
                "kind": "extend",
                "subscription_id": self.instance.subscription_id.id,
                "reason": "A slow start",
            },
            "saas.subscription.decide": {
                "subscription_id": self.instance.subscription_id.id
            },
            "saas.template.build": {
                "version_id": self.fleet.version.id,
                "cluster_id": self.fleet.cluster.id,
                "database_server_id": self.fleet.server.id,
            },
            "saas.operation.freeze": {"reason": "Drill"},
            "saas.settings": {"retention_days": 60},
        }
        purged = self.make_instance("terminated")
        filled["saas.instance.purge"] = {
            "instance_id": purged.id,
            "confirm": purged.subdomain,
            "reason": "Asked for",
        }
        self.assertEqual(set(filled), set(DIALOGS))
        for model, (method, needed) in DIALOGS.items():
            values = dict(filled[model])
            if "instance_id" in self.env[model]._fields:
                values.setdefault("instance_id", self.instance.id)

            def get_call(user, model=model, values=values, method=method):
                dialogs = self.env[model].with_user(user)
                return lambda: getattr(dialogs.create(values), method)()

            with self.subTest(model=model):
                self.check_by_group(needed, get_call)

    def test_buttons_of_infrastructure(self):
        self.instance.subscription_id._billing_cancel()
        for (model, method), needed in BUTTONS.items():
            # What is still copied from is not removed.
            state = "retired" if method == "action_remove" else "ready"
            self.fleet.template._write_guarded({"state": state})
            record = {
                "saas.cluster": self.fleet.cluster,
                "saas.database.server": self.fleet.server,
                "saas.storage": self.fleet.storage,
                "saas.proxy": self.fleet.proxy,
                "saas.mail.relay": self.fleet.relay,
                "saas.template": self.fleet.template,
                "saas.subscription": self.instance.subscription_id,
            }.get(model)
            if record is None:
                continue
            with self.subTest(model=model):
                self.check_button(needed, record, method)

    def test_retry_of_an_operation(self):
        self.assertIn(("saas.operation", "action_retry"), BUTTONS)
        instance = self.make_instance("error", operation="failed")
        operation = instance.last_operation_id
        self.check_button("manager", operation, "action_retry")
        build = self.env["saas.operation"]._open(
            "build_template", template=self.fleet.template
        )
        build._write_guarded({"state": "failed"})
        self.check_button("operator", build, "action_retry")

    def test_an_answer_is_asked_again(self):
        inquiries = self.env["saas.inquiry"]
        cluster = self.fleet.cluster
        for needed, kind, instance, params in (
            ("support", "logs", self.instance, {}),
            ("operator", "connection", None, {"model": "saas.cluster"}),
        ):
            params = params and {**params, "record": cluster.id}

            def get_call(user, kind=kind, instance=instance, params=params):
                mine = inquiries.with_user(user)._ask(kind, instance, **params)
                return mine.sudo(False).action_ask_again

            with self.subTest(kind=kind):
                self.check_by_group(needed, get_call)

    def test_more_than_twenty_need_an_operator(self):
        instances = self.instance.browse()
        for _number in range(21):
            instances |= self.make_instance("running")
        for count, needed in ((20, "support"), (21, "operator")):
            some = instances[:count]
            values = {"kind": "restart", "instance_ids": [Command.set(some.ids)]}

            def get_call(user, values=values):
                dialogs = self.env["saas.instance.confirm"].with_user(user)
                return lambda: dialogs.create(values).action_confirm()

            with self.subTest(count=count):
                self.check_button(needed, some, "action_restart")
                self.check_by_group(needed, get_call)

    def test_more_than_twenty_retries_need_an_operator(self):
        operations = self.env["saas.operation"]
        for _number in range(21):
            instance = self.make_instance("error", operation="failed")
            operations |= instance.last_operation_id
        self.check_button("manager", operations[:20], "action_retry")
        self.check_button("operator", operations, "action_retry")
        instances = operations.instance_id
        self.check_button("manager", instances[:20], "action_retry")
        self.check_button("operator", instances, "action_retry")

    def test_more_than_twenty_one_by_one_need_an_operator_or_time(self):
        instances = self.instance.browse()
        for _number in range(22):
            instances |= self.make_instance("running")
        failed = self.make_instance("error", operation="failed")

        def restart(group, instance):
            api = self.env["saas.api"].with_user(self.users[group])
            api.instance_restart(instance.subdomain)

        for instance in instances[:20]:
            restart("manager", instance)
        api = self.env["saas.api"].with_user(self.users["manager"])
        for refused in (
            lambda: restart("manager", instances[20]),
            lambda: api.instance_suspend(instances[20].subdomain),
            lambda: api.instance_retry(failed.subdomain),
        ):
            with self.assertRaisesRegex(UserError, "for operators"):
                refused()
        for group in ("operator", "support"):  # Each is counted apart.
            with self.subTest(group=group):
                again = instances[20] if group == "operator" else instances[21]
                restart(group, again)
        # One of the twenty is not one more.
        instances[0].last_operation_id._write_guarded({"state": "done"})
        restart("manager", instances[0])
        self.env.cr.execute(
            "UPDATE saas_event SET create_date = create_date - interval '11 min' "
            "WHERE user_id = %s",
            [self.users["manager"].id],
        )
        self.env.invalidate_all()
        api.instance_retry(failed.subdomain)

    def test_the_fleet_is_shown_to_staff(self):
        self.check_button("support", self.env["saas.dashboard"], "get_fleet")
