"""What tenants' names came from stays, and only the platform marks a storage."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.saas_infra.drivers.errors import PermanentInfraError

from ..models.saas_instance_specs import SaasInstance
from .common import SaasCommon, make_fleet

# Before the fakes take its place.
GET_TENANT_CLIENT = SaasInstance._get_tenant_client


@tagged("post_install", "-at_install")
class TestPlace(SaasCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = new_test_user(
            cls.env, "place_operator", groups="saas_infra.group_operator"
        )
        cls.instance = cls.request_instance()
        cls.instance._write_guarded(
            {"cluster_id": cls.fleet.cluster.id, "storage_id": cls.fleet.storage.id}
        )

    def change(self, place, **values):
        place.with_user(self.operator).write(values)

    def test_a_domain_and_a_root_stay_while_tenants_live_there(self):
        fleet = self.fleet
        for place, name in ((fleet.cluster, "base_domain"), (fleet.storage, "root")):
            with self.subTest(name=name):
                self.change(place, **{name: place[name]})
                with self.assertRaisesRegex(UserError, "stays while anything lives"):
                    self.change(place, **{name: "elsewhere"})

    def test_a_templates_files_hold_a_root_too(self):
        storage = make_fleet(self.env).storage
        with self.assertRaisesRegex(UserError, "Root of .* stays"):
            self.change(storage, root="/elsewhere")

    def test_before_anything_lives_there_they_may_change(self):
        fleet = make_fleet(self.env)
        fleet.template._write_guarded({"state": "removed"})
        self.change(fleet.cluster, base_domain="elsewhere.test")
        self.change(fleet.storage, root="/elsewhere")
        self.assertEqual(fleet.cluster.base_domain, "elsewhere.test")
        self.assertEqual(fleet.storage.root, "/elsewhere")

    def test_tenants_of_what_is_closed_are_not_talked_to(self):
        for place, direct in ((self.fleet.cluster, True), (self.fleet.proxy, False)):
            with self.subTest(direct=direct):
                self.assertTrue(GET_TENANT_CLIENT(self.instance, direct=direct))
                place.state = "closed"
                with self.assertRaisesRegex(PermanentInfraError, "is closed"):
                    GET_TENANT_CLIENT(self.instance, direct=direct)

    def test_nobody_says_that_a_storage_is_marked_or_which_it_is(self):
        for values in ({"is_marked": True}, {"uuid": "other"}):
            with self.subTest(values=values), self.assertRaises(AccessError):
                self.change(self.fleet.storage, **values)
