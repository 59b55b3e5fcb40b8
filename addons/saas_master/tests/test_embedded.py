"""What set-up writes down of this machine, again and again."""

from odoo.tests import tagged

from .common import SaasCommon

MACHINE = {
    "runtime": "process",
    "node": "localhost",
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
    "mail_host": "127.0.0.9",
    "mail_port": 18025,
    "mail_tls": False,
}
SWARM = {
    "runtime": "swarm",
    "node": "manager",
    "scheme": "https",
    "ca_certificate": "PROXY'S AUTHORITY",
    "redis_socket": "/machine/redis.sock",
    "redis_password": "routes",
    "ping_url": "http://127.0.0.9:18082/ping",
    "cell": "saasodoo_cell1",
    "cell_tenants": 1000,
    "image": "sha256:1",
    "database_tenant_host": "172.18.0.1",
    "database_tenant_port": 5432,
    "database_ca_certificate": "DATABASE'S AUTHORITY",
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

    def test_a_swarm_is_told_of_traefik_its_cell_and_its_image(self):
        for _time in range(2):
            self.set_up(**SWARM)
        cluster = self.find("saas.cluster", name="local")
        self.assertEqual((len(cluster), cluster.kind), (1, "swarm"))
        self.assertEqual(cluster.cell_ids.mapped("name"), ["saasodoo_cell1"])
        self.assertEqual(cluster.node_ids.mapped("name"), ["manager"])
        proxy = cluster.proxy_id
        self.assertEqual((proxy.kind, proxy.scheme), ("traefik", "https"))
        self.assertEqual(proxy._get_admin_password(), "routes")
        server = self.find("saas.database.server", host="127.0.0.9")
        self.assertEqual(server._get_tenant_address(), ("172.18.0.1", 5432))
        self.assertEqual(self.find("saas.odoo.version", name="19.0").image, "sha256:1")

    def test_a_new_image_takes_the_place_of_the_old(self):
        self.set_up(**SWARM)
        self.set_up(**SWARM | {"image": "sha256:2", "redis_password": "other"})
        self.assertEqual(self.find("saas.odoo.version", name="19.0").image, "sha256:2")
        proxy = self.find("saas.proxy", kind="traefik")
        self.assertEqual(proxy._get_admin_password(), "other")
