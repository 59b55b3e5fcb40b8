"""What a new instance is given where nobody said."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import SaasCommon


@tagged("post_install", "-at_install")
class TestTimeZone(SaasCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.france, cls.states = cls.env.ref("base.fr"), cls.env.ref("base.us")

    def test_it_is_the_one_that_was_asked_for(self):
        instance = self.request_instance(tz="Asia/Tokyo", country=self.france)
        self.assertEqual(instance.tz, "Asia/Tokyo")

    def test_it_is_the_first_of_the_country(self):
        instance = self.request_instance(country=self.france)
        self.assertEqual(instance.tz, "Europe/Paris")

    def test_it_is_the_customers_own_where_that_lies_in_the_country(self):
        partner = self.env["res.partner"].create(
            {"name": "West", "tz": "America/Los_Angeles", "country_id": self.states.id}
        )
        mine = self.request_instance(partner=partner)
        self.assertEqual(mine.tz, "America/Los_Angeles")
        theirs = self.request_instance(
            partner=partner, country=self.france, trial=False
        )
        self.assertEqual(theirs.tz, "Europe/Paris")

    def test_it_is_utc_where_nothing_is_known(self):
        self.assertEqual(self.request_instance().tz, "UTC")

    def test_one_that_is_not_there_is_refused_before_anything_is_made(self):
        before = self.env["saas.subscription"].search_count([])
        with self.assertRaisesRegex(UserError, "no time zone Europe/Atlantis"):
            self.request_instance(tz="Europe/Atlantis")
        self.assertEqual(self.env["saas.subscription"].search_count([]), before)

    def test_the_command_line_and_the_dialog_hand_it_on(self):
        values = {"plan": self.fleet.plan.code, "subdomain": "zone-a"}
        customer = {"customer": "Zone", "email": "zone@x.test", "tz": "Asia/Tokyo"}
        self.env["saas.api"].instance_create(**values, **customer)
        dialog = self.env["saas.instance.create"].create(
            {
                "plan_id": self.fleet.plan.id,
                "subdomain": "zone-b",
                "customer": "Zone B",
                "email": "zone-b@x.test",
                "tz": "Asia/Tokyo",
            }
        )
        dialog.action_create()
        made = self.env["saas.instance"].search(
            [("subdomain", "in", ("zone-a", "zone-b"))]
        )
        self.assertEqual(made.mapped("tz"), ["Asia/Tokyo"] * 2)


@tagged("post_install", "-at_install")
class TestWrongInput(SaasCommon):
    def ask(self, **values):
        before = self.env["saas.subscription"].search_count([])
        asked = {
            "plan": self.fleet.plan.code,
            "subdomain": "wrong-input",
            "customer": "Acme",
            "email": "owner@acme.test",
        }
        try:
            self.env["saas.api"].instance_create(**{**asked, **values})
        finally:
            after = self.env["saas.subscription"].search_count([])
            self.assertEqual(after, before, "Something was made.")

    def test_a_language_that_no_odoo_has_is_refused(self):
        with self.assertRaisesRegex(UserError, "no language fr_XX"):
            self.ask(lang="fr_XX")

    def test_a_customer_without_a_name_is_refused(self):
        with self.assertRaisesRegex(UserError, "needs a name"):
            self.ask(customer=" ")
