"""The same over JSON-2, where no view hides a button."""

from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .access_common import AccessCase
from .access_tables import API, GROUPS, RIGHTS


@tagged("post_install", "-at_install")
class TestJson2Matrix(AccessCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        expires = fields.Datetime.now() + timedelta(hours=1)
        cls.keys = {
            group: cls.env["res.users.apikeys"]
            .with_user(user)
            .sudo()
            ._generate("rpc", group, expires)
            for group, user in cls.users.items()
        }

    def ask(self, key, model, method, **arguments):
        headers = {"Authorization": f"Bearer {key}"}
        url = f"/json/2/{model}/{method}"
        return self.url_open(url, json=arguments, headers=headers, method="POST")

    def check_status(self, group, allowed, model, method, **arguments):
        with (
            self.subTest(group=group, model=model, method=method),
            mute_logger("odoo.http"),
        ):
            answer = self.ask(self.keys[group], model, method, **arguments)
            self.assertEqual(answer.status_code == 403, not allowed, answer.text)
            if allowed:
                self.assertEqual(answer.status_code, 200, answer.text)

    def test_a_wrong_key_opens_nothing(self):
        with mute_logger("odoo.http"):
            answer = self.ask("wrong", "saas.api", "plan_list")
        self.assertEqual(answer.status_code, 401)

    def get_names(self):
        """Return what the arguments of the table stand for."""
        fleet, other = self.fleet, self.fleet.plan.copy({"code": "other", "name": "O"})
        build = self.env["saas.template"]._build(
            fleet.version, fleet.cluster, fleet.server, fleet.storage
        )
        build._write_guarded({"state": "done"})
        build.template_id._write_guarded({"state": "retired"})
        instances = {
            status: self.make_instance(status)
            for status in ("running", "stopped", "paused", "terminated")
        }
        instances["error"] = self.make_instance(
            "error", operation="failed", ready_at=False
        )
        return {
            "ref": self.instance.subdomain,
            **{status: one.subdomain for status, one in instances.items()},
            "plan": fleet.plan.code,
            "other": other.code,
            "region": fleet.region.code,
            "cluster": fleet.cluster.name,
            "server": fleet.server.name,
            "proxy": fleet.proxy.name,
            "version": fleet.version.name,
            "retired": build.template_id.database,
            "operation": self.instance.last_operation_id.id,
        }

    def test_methods_of_the_api(self):
        names = self.get_names()
        for method, (needed, arguments) in API.items():
            for group in GROUPS:
                values = {
                    name: value.format(group=group, **names)
                    if isinstance(value, str)
                    else value
                    for name, value in arguments.items()
                }
                if "operation" in values:
                    values["operation"] = int(values["operation"])
                if method == "inquiry_show":
                    asked = self.env["saas.inquiry"].with_user(self.users[group])
                    values["inquiry"] = asked._ask("logs", self.instance).id
                allowed = self.may(group, needed)
                self.check_status(group, allowed, "saas.api", method, **values)

    def test_a_dry_run_is_refused_as_the_call_is(self):
        ref, manager = self.instance.subdomain, self.keys["manager"]
        said = []
        for dry_run in (True, False):
            with mute_logger("odoo.http"):
                answer = self.ask(
                    manager, "saas.api", "instance_start", ref=ref, dry_run=dry_run
                )
            self.assertEqual(answer.status_code, 422, answer.text)
            said.append((answer.json()["name"], answer.json()["message"]))
        self.assertEqual(said[0], said[1])

    def make_record(self, model):
        """Return a record to try on: an empty set would be written by anybody."""
        found = self.env[model].search([], limit=1)
        if found or not found._auto:  # Of a report any id does.
            return found or found.browse(1)
        names = self.env[model]._fields
        values = {
            "instance_id": self.instance.id,
            "subscription_id": self.instance.subscription_id.id,
            "cluster_id": self.fleet.cluster.id,
            "name": "new",
            "kind": "extend" if "subscription_id" in names else "restart",
        }
        return self.env[model].create(
            {name: value for name, value in values.items() if name in names}
        )

    def test_generic_methods(self):
        self.env["saas.inquiry"]._ask("logs", self.instance)
        self.env["saas.login.ticket"]._issue(self.instance, "support", "Ticket 1")
        for model in RIGHTS:
            record = self.make_record(model)
            for group in GROUPS:
                rights = self.get_rights(model, group)
                self.check_status(
                    group, "r" in rights, model, "search_read", domain=[], limit=1
                )
                if "w" not in rights:
                    self.check_status(
                        group, False, model, "write", ids=record.ids, vals={}
                    )
                if "c" not in rights:
                    self.check_status(group, False, model, "create", vals_list=[{}])
                if "u" not in rights:
                    self.check_status(group, False, model, "unlink", ids=record.ids)

    def test_operators_change_infrastructure(self):
        arguments = {"ids": self.fleet.region.ids, "vals": {"name": "Elsewhere"}}
        self.check_status("operator", True, "saas.region", "write", **arguments)
        self.assertEqual(self.fleet.region.name, "Elsewhere")

    def test_private_methods_are_not_called(self):
        for model, method in (
            ("saas.instance", "_request"),
            ("saas.operation", "_job_run"),
            ("saas.api", "_issue_key"),
        ):
            self.check_status("operator", False, model, method, ids=[self.instance.id])
