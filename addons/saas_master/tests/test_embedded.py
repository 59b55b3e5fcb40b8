"""What set-up writes down of this machine, again and again."""

from odoo.tests import tagged

from .common import SaasCommon

MACHINE = {
    "proxy_address": "127.0.0.9",
    "public_port": 18080,
    "base_domain": "machine.test",
    "uid_base": 200000,
    "uid_count": 10000,
    "port_base": 20000,
    "port_count": 2000,
    "cores": 2,
    "memory_mb": 8000,
    "room_changed": True,
    "storage_root": "/machine",
    "database_host": "127.0.0.9",
    "database_port": 5432,
    "database_login": "admin",
    "database_password": "secret",
    "database_max_connections": 180,
}


@tagged("post_install", "-at_install")
class TestEmbedded(SaasCommon):
    def set_up(self, **values):
        self.env["saas.cluster"]._setup_embedded(MACHINE | values)

    def find(self, model, **values):
        domain = [(name, "=", value) for name, value in values.items()]
        return self.env[model].with_context(active_test=False).search(domain)

    def test_a_second_time_changes_nothing(self):
        self.set_up()
        before = self.find("saas.cluster", name="local")
        self.set_up()
        self.assertEqual(self.find("saas.cluster", name="local"), before)

    def test_what_was_archived_is_found_again(self):
        self.set_up()
        for record in (
            self.find("saas.region", code="local"),
            self.find("saas.odoo.version", name="19.0"),
        ):
            record.active = False
        self.set_up()
        self.assertFalse(self.find("saas.region", code="local").active)

    def test_what_people_may_choose_is_left_to_them(self):
        self.set_up()
        server = self.find("saas.database.server", host="127.0.0.9")
        self.assertEqual(server.max_connections, 180)
        server.max_connections = 90
        self.set_up()
        self.assertEqual(server.max_connections, 90)

    def test_a_nodes_room_is_told_again_only_where_it_changed_here(self):
        self.set_up()
        cluster = self.find("saas.cluster", name="local")
        node = self.find("saas.node", cluster_id=cluster.id)
        node.write({"cores": 1, "memory_mb": 2048})
        self.set_up(room_changed=False)
        self.assertEqual((node.cores, node.memory_mb), (1, 2048))
        self.set_up(cores=4)
        self.assertEqual((node.cores, node.memory_mb), (4, 8000))

    def test_a_machine_that_is_new_gets_its_room(self):
        self.set_up(room_changed=False)
        cluster = self.find("saas.cluster", name="local")
        self.assertEqual(self.find("saas.node", cluster_id=cluster.id).cores, 2)

    def test_a_server_elsewhere_on_the_same_port_is_another(self):
        other = self.fleet.server
        other.port = 5432
        host = other.host
        self.set_up()
        self.assertEqual(other.host, host)
        self.assertEqual(len(self.find("saas.database.server", host="127.0.0.9")), 1)
