"""Templates of country groups: whose instances are copied from which."""

from psycopg2.errors import UniqueViolation

from odoo.tests import tagged
from odoo.tools import mute_logger

from .committed import CommittedCase
from .common import build_outside, make_ready_template

PARTS = ("version", "cluster", "server", "storage")


@tagged("post_install", "-at_install")
class TestTemplateCountries(CommittedCase):
    def setUp(self):
        super().setUp()
        self.forget_when_over()

    def test_customers_of_a_group_are_copied_from_its_template(self):
        of_europe = self.make_template()
        for country, template in (
            ("base.fr", of_europe),
            ("base.us", self.ids["template"]),
            (None, self.ids["template"]),
        ):
            with self.subTest(country=country):
                self.assertEqual(self.place(country), template)

    def test_without_one_of_their_group_they_get_what_everybody_gets(self):
        retired = self.make_template(state="retired")
        self.assertNotEqual(self.place("base.fr"), retired)

    def test_others_are_told_that_none_is_ready_for_them(self):
        self.make_template()
        with self.open_env() as env:
            self.fleet(env, "template")._write_guarded({"state": "retired"})
        self.addCleanup(self.set_state, "ready")
        self.place("base.fr")
        with self.assertRaisesRegex(Exception, "for United States: build one first"):
            self.place("base.us")

    def test_a_full_server_is_not_replaced_by_one_without_their_modules(self):
        with self.open_env() as env:
            full = self.fleet(env, "server").copy({"name": "full", "host": "full.test"})
            full.max_databases = 0
        self.make_template(server=full.id)
        _instance, operation = self.order("base.fr")
        state, message = self.run_job(operation)
        self.assertEqual(state, "failed")
        self.assertIn("There is no room", message)

    def test_one_for_a_group_is_enough(self):
        self.make_template()
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            self.make_template()
        self.make_template(group="base.south_america")

    def test_a_build_replaces_the_one_of_its_group_alone(self):
        old = self.make_template()
        with self.open_env() as env:
            parts = [self.fleet(env, name) for name in PARTS]
            operation = env["saas.template"]._build(
                *parts, group=env.ref("base.europe"), extra_modules="l10n_fr, l10n_be"
            )
            operation, template = operation.id, operation.template_id.id
        self.work(operation)
        self.assertEqual(self.look_up("saas.template", old, "state"), "retired")
        for one in (template, self.ids["template"]):
            self.assertEqual(self.look_up("saas.template", one, "state"), "ready")
        with self.open_env() as env:
            new = env["saas.template"].browse(template)
            self.assertEqual(new.modules, f"{new.version_id.modules},l10n_fr,l10n_be")
            self.assertTrue(new.name.endswith(" for European Union"))

    def test_what_is_sold_anew_is_built_with_the_modules_of_the_group(self):
        old = self.make_template(extra_modules="l10n_fr")
        with self.open_env() as env:
            template = env["saas.template"].browse(old)
            template._write_guarded({"modules": f"{template.modules},l10n_fr"})
            self.assertFalse(template._is_behind())
            template._write_guarded({"modules": "web,l10n_fr"})
        with self.open_env() as env:
            env["saas.template"]._cron_keep_templates()
            [new] = env["saas.template"].search([("state", "=", "building")])
            self.assertEqual(new.country_group_id, env.ref("base.europe"))
            self.assertEqual(new.modules, f"{new.version_id.modules},l10n_fr")

    # === HELPERS === #

    def make_template(self, group="base.europe", server=None, **values):
        """Make another template than the fleet's, for a country group.

        :return: its id
        """
        with self.open_env() as env:
            parts = [self.fleet(env, name) for name in PARTS]
            if server:
                parts[2] = parts[2].browse(server)
            countries = env.ref(group).id
            template = make_ready_template(
                env, *parts, country_group_id=countries, **values
            )
            build_outside(template)
            return template.id

    def place(self, country):
        """Provision for a customer of a country.

        :return: the id of the template that was copied
        """
        instance, operation = self.order(country)
        self.work(operation)
        return self.instance(instance, "template_id")

    def order(self, country):
        """Ask for an instance; return its id and its operation's."""
        with self.open_env() as env:
            given = {"country": env.ref(country)} if country else {}
            instance = self.request(env, **given)
            return instance.id, instance.last_operation_id.id

    def set_state(self, state):
        with self.open_env() as env:
            self.fleet(env, "template")._write_guarded({"state": state})
