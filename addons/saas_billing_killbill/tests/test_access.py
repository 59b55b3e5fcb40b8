"""Who may have plans published."""

from odoo.tests import tagged

from odoo.addons.saas_master.tests.access_common import AccessCase


@tagged("post_install", "-at_install")
class TestAccess(AccessCase):
    def test_operators_alone_press_its_buttons(self):
        server = self.env["saas.killbill.server"].search([], limit=1)
        for method in ("action_set_up", "action_compare", "action_test_connection"):
            with self.subTest(method=method):
                self.check_button("operator", server, method)

    def test_operators_alone_publish(self):
        dialogs = self.env["saas.killbill.publish"]

        def get_call(user):
            return lambda: dialogs.with_user(user).create({}).action_publish()

        self.check_by_group("operator", get_call)

    def test_secrets_are_hidden_from_staff(self):
        server = self.env["saas.killbill.server"].search([], limit=1)
        mine = server.with_user(self.users["operator"])
        self.assertFalse(mine.admin_password)
        for name in ("admin_password_sealed", "tenant_secret_sealed"):
            with self.subTest(field=name):
                self.check_refused_to_read(mine, name)

    def check_refused_to_read(self, record, name):
        self.assertTrue(self.is_refused(lambda: record.read([name])))
