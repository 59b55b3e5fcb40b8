"""What is closed is not talked to; a copy of the platform has closed it."""

from odoo.tests import tagged
from odoo.tools.misc import file_open

from odoo.addons.saas_infra.drivers.errors import PermanentInfraError
from odoo.addons.saas_master.tests.common import SaasCommon

from .access_lines import make_server


@tagged("post_install", "-at_install")
class TestPlaces(SaasCommon):
    def test_a_closed_kill_bill_has_no_client(self):
        server = make_server(self.env)
        self.assertTrue(server._get_operator_driver())
        server.state = "closed"
        with self.assertRaisesRegex(PermanentInfraError, "Kill Bill is closed"):
            server._get_operator_driver()

    def test_a_neutralized_copy_talks_to_none(self):
        server = make_server(self.env)
        self.env.flush_all()
        with file_open("saas_billing_killbill/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        self.assertEqual(server.state, "closed")
        self.assertIn(".invalid", server.url)
        self.assertFalse(server.admin_password_sealed)
