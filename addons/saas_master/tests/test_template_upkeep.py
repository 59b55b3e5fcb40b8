"""Templates follow what is sold, and go when nothing is copied from them."""

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from .committed import CommittedCase
from .common import build_outside, make_ready_template


@tagged("post_install", "-at_install")
class TestTemplateUpkeep(CommittedCase):
    def setUp(self):
        super().setUp()
        with self.open_env() as env:
            self.sold = self.fleet(env, "version").modules
        self.addCleanup(self.restore)
        self.forget_when_over()

    def restore(self):
        with self.open_env() as env:
            self.fleet(env, "template")._write_guarded({"state": "ready"})
            self.fleet(env, "version").modules = self.sold

    def keep(self):
        """Run the scheduled action.

        :return: the operations that it opened: kind and id
        """
        with self.open_env() as env:
            known = env["saas.operation"].search([]).ids
            env["saas.template"]._cron_keep_templates()
            new = env["saas.operation"].search([("id", "not in", known)])
            return [(operation.kind, operation.id) for operation in new]

    def sell(self, modules):
        with self.open_env() as env:
            self.fleet(env, "version").modules = modules

    def test_what_is_as_it_is_sold_stays(self):
        self.assertEqual(self.keep(), [])

    def test_another_list_of_modules_is_built_once_and_replaces_it(self):
        self.sell("web, mail")
        [(kind, operation)] = self.keep()
        self.assertEqual(kind, "build_template")
        self.assertEqual(self.keep(), [])
        self.work(operation)
        with self.open_env() as env:
            new = env["saas.operation"].browse(operation).template_id
            self.assertEqual((new.state, new.modules), ("ready", "web,mail"))
            self.assertEqual(self.fleet(env, "template").state, "retired")

    def test_a_build_that_failed_is_not_repeated(self):
        self.sell("web,broken")
        [(_, operation)] = self.keep()
        for _ in range(3):
            self.run_job(operation)
        self.assertEqual(self.operation(operation, "state"), "failed")
        self.assertEqual(self.keep(), [])

    def test_what_was_replaced_is_removed_with_its_data(self):
        with self.open_env() as env:
            names = ("version", "cluster", "server", "storage")
            self.fleet(env, "template")._write_guarded({"state": "retired"})
            env.flush_all()
            old = make_ready_template(env, *(self.fleet(env, name) for name in names))
            build_outside(old)
            old._write_guarded({"state": "retired"})
            env.flush_all()
            self.fleet(env, "template")._write_guarded({"state": "ready"})
            template, database = old.id, old.database
        self.assertIn(database, self.outside.read("databases"))
        [(kind, operation)] = self.keep()
        self.assertEqual(kind, "remove_template")
        self.work(operation)
        self.assertEqual(self.look_up("saas.template", template, "state"), "removed")
        for part in ("databases", "roles"):
            self.assertNotIn(database, self.outside.read(part))
        self.assertEqual(self.keep(), [])

    def test_it_stays_while_an_instance_is_being_copied_from_it(self):
        instance, creation = self.create_instance()
        with self.open_env() as env:
            env["saas.instance"].browse(instance)._write_guarded(
                {"template_id": self.ids["template"]}
            )
            template = self.fleet(env, "template")
            template._write_guarded({"state": "retired"})
            with self.assertRaisesRegex(UserError, "is not finished"):
                template._remove()
            template._write_guarded({"state": "ready"})
        self.work(creation)

    def test_a_build_is_not_retried_when_its_template_is_gone(self):
        self.sell("web,broken")
        [(_, build)] = self.keep()
        for _ in range(3):
            self.run_job(build)
        with self.open_env() as env:
            template = env["saas.operation"].browse(build).template_id
            self.assertEqual(template.state, "failed")
            removal = template._remove().id
        self.work(removal)
        with self.open_env() as env, self.assertRaisesRegex(UserError, "ask for it"):
            env["saas.operation"].browse(build)._retry()

    def test_a_build_that_is_retried_is_building(self):
        self.sell("web,broken")
        [(_, build)] = self.keep()
        for _ in range(3):
            self.run_job(build)
        with self.open_env() as env:
            operation = env["saas.operation"].browse(build)
            operation._retry()
            operation.template_id._write_guarded({"modules": "web,mail"})
        self.run_job(build)
        with self.open_env() as env:
            template = env["saas.operation"].browse(build).template_id
            self.assertEqual(template.state, "building")
        self.work(build)

    def test_one_that_is_retired_by_hand_is_removed(self):
        with self.open_env() as env:
            self.fleet(env, "template").action_retire()
        with self.open_env() as env, self.assertRaisesRegex(UserError, "not in use"):
            self.fleet(env, "template").action_retire()
        [(kind, _operation)] = self.keep()
        self.assertEqual(kind, "remove_template")

    def test_one_in_use_cannot_be_removed(self):
        with self.open_env() as env, self.assertRaisesRegex(UserError, "retired"):
            self.fleet(env, "template")._remove()

    def test_nothing_is_built_while_frozen(self):
        self.sell("web,mail")
        frozen = "odoo.addons.saas_master.models.saas_freeze.SaasOperation._is_frozen"
        with patch(frozen, lambda _self: True):
            self.assertEqual(self.keep(), [])
