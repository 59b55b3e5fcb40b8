"""What only `jobs` writes, the database refuses the role of `web`."""

from odoo.tests import TransactionCase, tagged

from ..models.saas_guarded_grants import WEB_ROLE


@tagged("post_install", "-at_install")
class TestGuardedGrants(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["saas.guarded.mixin"]._grant_to_web()
        cls.models = [
            model
            for model in cls.env.values()
            if not model._abstract and getattr(model, "_saas_guarded", None)
        ]

    def may(self, verb, model, column):
        self.env.cr.execute(
            "SELECT has_column_privilege(%s, %s, %s, %s)",
            [WEB_ROLE, model._table, column, verb],
        )
        return self.env.cr.fetchone()[0]

    def test_a_guarded_column_is_open_only_where_its_model_says_so(self):
        for model in self.models:
            writes, creates = model._saas_web_writes, model._saas_web_creates
            for name in model._saas_guarded:
                with self.subTest(model=model._name, column=name):
                    self.assertEqual(self.may("UPDATE", model, name), name in writes)
                    self.assertEqual(
                        self.may("INSERT", model, name), name in writes | creates
                    )

    def test_what_is_opened_is_guarded_and_said_once(self):
        for model in self.models:
            writes, creates = model._saas_web_writes, model._saas_web_creates
            with self.subTest(model=model._name):
                self.assertLessEqual(writes | creates, model._saas_guarded)
                self.assertFalse(writes & creates)

    def test_only_what_people_may_delete_is_deleted(self):
        open_to_web = set()
        for model in self.models:
            self.env.cr.execute(
                "SELECT has_table_privilege(%s, %s, 'DELETE')",
                [WEB_ROLE, model._table],
            )
            if self.env.cr.fetchone()[0]:
                open_to_web.add(model._name)
        self.assertLessEqual(open_to_web, {"saas.cluster", "saas.storage"})

    def test_a_template_has_no_tenants_database(self):
        self.env.cr.execute(
            """SELECT pg_get_constraintdef(oid) FROM pg_constraint
                WHERE conname = 'saas_template_names_check'"""
        )
        self.assertIn("odoo_template_", self.env.cr.fetchone()[0])
