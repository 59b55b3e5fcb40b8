"""Who may do what with which model, and what nobody may."""

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .access_common import AccessCase
from .access_tables import ACTIONS, API, BUTTONS, DIALOGS, RIGHTS

PUBLIC_OVERRIDES = {"create", "unlink", "write"}


@tagged("post_install", "-at_install")
class TestAccessMatrix(AccessCase):
    def test_every_model_is_in_the_matrix(self):
        stored = {
            name
            for name, model in self.env.registry.items()
            if name.startswith("saas.") and not model._abstract
        }
        self.assertEqual(stored, set(RIGHTS))

    def test_every_public_method_is_in_the_matrix(self):
        known = {*API, *PUBLIC_OVERRIDES, "get_fleet"}
        known |= {method for _model, method in BUTTONS} | set(ACTIONS)
        known |= {method for method, _values in DIALOGS.values()}
        for name, model in self.env.registry.items():
            for cls in model.mro() if name.startswith("saas.") else ():
                if not cls.__module__.startswith("odoo.addons.saas_"):
                    continue
                public = {
                    method
                    for method, value in vars(cls).items()
                    if callable(value) and not method.startswith("_")
                }
                self.assertLessEqual(public, known, f"{name} in {cls.__module__}")

    def test_rights_on_models(self):
        operations = {"r": "read", "w": "write", "c": "create", "u": "unlink"}
        for model in RIGHTS:
            for group, user in self.users.items():
                rights = self.get_rights(model, group)
                records = self.env[model].with_user(user)
                for letter, operation in operations.items():
                    with self.subTest(model=model, group=group, operation=operation):
                        expected = letter in rights
                        self.assertEqual(records.has_access(operation), expected)

    def test_nobody_writes_a_guarded_field(self):
        for name, model in self.env.items():
            for field in getattr(model, "_saas_guarded", ()):
                with self.subTest(model=name, field=field):
                    record = model.sudo().search([], limit=1)
                    self.assertIn(field, model._fields)
                    with self.assertRaises(AccessError):
                        record.write({field: False})
                    if field in getattr(model, "_saas_given", ()):
                        continue  # To a new record people give it.
                    with self.assertRaises(AccessError):
                        model.sudo().create({field: False})

    def test_no_related_model_opens_a_guarded_field(self):
        operator = self.users["operator"]
        version = self.fleet.version.with_user(operator)
        template = self.fleet.template
        with self.assertRaises(AccessError):
            version.template_ids = [Command.update(template.id, {"state": "failed"})]
        with self.assertRaises(AccessError):
            version.template_ids = [Command.create({"modules": "web"})]
        with self.assertRaises(AccessError):
            version.template_ids = [Command.delete(template.id)]

    def test_contexts_over_rpc_fill_no_field(self):
        manager = self.users["manager"]
        context = {
            "default_database": "stolen",
            "default_status": "running",
            "default_state": "done",
            "default_user_ids": [Command.create({"name": "x", "login": "planted"})],
            "queue_job__no_delay": True,
        }
        api = self.env["saas.api"].with_user(manager).with_context(**context)
        made = api.instance_create(
            self.fleet.plan.code, "planted-one", "Planted", "planted@x.test"
        )
        instance = self.env["saas.instance"].browse(made["id"])
        self.assertFalse(instance.database)
        self.assertEqual(instance.status, "creating")
        self.assertEqual(instance.last_operation_id.state, "queued")
        self.assertFalse(self.env["res.users"].search([("login", "=", "planted")]))

    def test_sealed_secrets_are_hidden_from_staff(self):
        operator = self.users["operator"]
        for record, field in (
            (self.instance, "password_sealed"),
            (self.instance, "proxy_secret_sealed"),
            (self.instance, "mail_password_sealed"),
            (self.fleet.template, "password_sealed"),
            (self.fleet.server, "admin_password_sealed"),
        ):
            mine = record.with_user(operator)
            with self.subTest(model=record._name, field=field):
                with self.assertRaises(AccessError):
                    mine.read([field])
                with self.assertRaises(AccessError):
                    mine.search([(field, "like", "a")])
        self.assertFalse(self.fleet.server.with_user(operator).admin_password)

    def test_notes_need_no_right_to_write(self):
        note = self.instance.with_user(self.users["support"]).message_post(body="Hello")
        self.assertEqual(note.author_id, self.users["support"].partner_id)
        for group in ("portal", "internal"):
            with self.assertRaises(AccessError):
                self.instance.with_user(self.users[group]).message_post(body="Hello")

    def test_answers_are_read_by_who_asked(self):
        support, manager = self.users["support"], self.users["manager"]
        inquiries = self.env["saas.inquiry"]
        mine = inquiries.with_user(support)._ask("logs", self.instance)
        login = inquiries.with_user(support)._ask("login", self.instance, ticket=1)
        self.assertTrue(mine.with_user(support).sudo(False).has_access("read"))
        self.assertFalse(mine.with_user(manager).sudo(False).has_access("read"))
        self.assertFalse(login.with_user(support).sudo(False).has_access("read"))

    def test_dialogs_are_used_by_who_opened_them(self):
        manager, operator = self.users["manager"], self.users["operator"]
        dialogs = self.env["saas.instance.purge"].with_user(manager)
        dialog = dialogs.create({"instance_id": self.instance.id})
        self.assertTrue(dialog.has_access("write"))
        self.assertFalse(dialog.with_user(operator).has_access("read"))
