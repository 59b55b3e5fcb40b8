"""Regions, clusters, servers, storages, proxies: what must hold, and their room."""

from psycopg2.errors import CheckViolation, ForeignKeyViolation, UniqueViolation

from odoo.exceptions import ValidationError
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger


@tagged("post_install", "-at_install")
class TestInfrastructure(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.region = cls.env["saas.region"].create({"name": "R", "code": "infra-test"})
        cls.proxy = cls.env["saas.proxy"].create(
            {"name": "P", "address": "infra-test", "port": 80}
        )
        cls.cluster = cls.env["saas.cluster"].create(
            {
                "name": "infra-test",
                "region_id": cls.region.id,
                "base_domain": "tenants.test",
                "proxy_id": cls.proxy.id,
            }
        )
        cls.storage = cls.env["saas.storage"].create(
            {"name": "S", "cluster_id": cls.cluster.id, "root": "/infra"}
        )
        cls.server = cls.env["saas.database.server"].create(
            {
                "name": "D",
                "region_id": cls.region.id,
                "host": "infra-test",
                "admin_login": "admin",
            }
        )
        cls.node = cls.env["saas.node"].create(
            {"name": "N", "cluster_id": cls.cluster.id, "cores": 4, "memory_mb": 8000}
        )

    # === CONSTRAINTS === #

    def test_nothing_is_known_twice(self):
        for record, values in (
            (self.region, {"code": "infra-test"}),
            (self.proxy, {"address": "infra-test", "port": 80}),
            (self.cluster, {"name": "infra-test"}),
            (self.storage, {"root": "/infra"}),
            (self.server, {"host": "infra-test"}),
            (self.node, {"name": "N"}),
        ):
            with (
                self.subTest(model=record._name),
                mute_logger("odoo.sql_db"),
                self.assertRaises(UniqueViolation),
                self.env.cr.savepoint(),
            ):
                record.copy(values)

    def test_numbers_that_cannot_be_are_refused(self):
        for record, values in (
            (self.cluster, {"uid_base": 0}),
            (self.cluster, {"port_base": 80}),
            (self.cluster, {"port_base": 65000, "port_count": 1000}),
            (self.cluster, {"cpu_ratio": 0}),
            (self.node, {"memory_mb": -1}),
            (self.server, {"connections_per_database": 0}),
            (self.server, {"port": 0}),
            (self.proxy, {"port": 70000}),
            (self.storage, {"storage_ratio": 0}),
        ):
            with (
                self.subTest(values=values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.env.cr.savepoint(),
            ):
                record.write(values)
                self.env.flush_all()

    def test_clusters_of_one_machine_share_no_number(self):
        apart = {
            "name": "apart",
            "uid_base": self.cluster.uid_base + self.cluster.uid_count,
            "port_base": self.cluster.port_base + self.cluster.port_count,
        }
        other = self.cluster.copy(apart)
        for values in (
            {"uid_base": apart["uid_base"] - 1},
            {"port_base": apart["port_base"] - 1},
            {"uid_base": self.cluster.uid_base - 5, "uid_count": 6},
            {"port_base": self.cluster.port_base + 5, "port_count": 1},
        ):
            with (
                self.subTest(values=values),
                self.assertRaisesRegex(ValidationError, "on the same machine"),
                self.env.cr.savepoint(),
            ):
                other.write(values)
        other.write({"uid_base": self.cluster.uid_base + 5, "uid_count": 0})

    def test_what_is_in_use_is_not_deleted(self):
        for record in (self.region, self.proxy, self.cluster):
            with (
                self.subTest(model=record._name),
                mute_logger("odoo.sql_db"),
                self.assertRaises(ForeignKeyViolation),
                self.env.cr.savepoint(),
            ):
                record.unlink()

    def test_a_storage_has_a_uuid_of_its_own(self):
        other = self.storage.copy({"root": "/other"})
        self.assertTrue(other.uuid)
        self.assertNotEqual(other.uuid, self.storage.uuid)

    # === ROOM === #

    def test_a_cluster_sells_memory_once_and_cores_twice(self):
        self.assertEqual(self.cluster.memory_mb, 8000)
        self.assertEqual(self.cluster.cores, 8.0)
        self.cluster.cpu_ratio = 1.5
        self.assertEqual(self.cluster.cores, 6.0)

    def test_only_nodes_that_are_ready_count(self):
        second = self.node.copy({"name": "second"})
        self.assertEqual(self.cluster.memory_mb, 16000)
        for state in ("drained", "lost"):
            second.state = state
            self.assertEqual(self.cluster.memory_mb, 8000)
            self.assertEqual(self.cluster.cores, 8.0)

    def test_a_server_counts_databases_connections_and_bytes(self):
        self.server.write(
            {
                "max_databases": 10,
                "max_connections": 30,
                "connections_per_database": 3,
                "max_gigabytes": 1,
            }
        )
        self.assertTrue(self.server._has_room_for(9))
        self.assertFalse(self.server._has_room_for(10))
        self.server.max_connections = 29
        self.assertTrue(self.server._has_room_for(8))
        self.assertFalse(self.server._has_room_for(9))
        self.server.used_mb = 953  # of 1024² bytes: just below 1000³
        self.assertTrue(self.server._has_room_for(0))
        self.server.used_mb = 954
        self.assertFalse(self.server._has_room_for(0))

    def test_a_storage_counts_tenants_and_quotas(self):
        self.storage.write({"max_tenants": 2, "max_gigabytes": 20})
        self.assertTrue(self.storage._has_room_for(1, 20))
        self.assertFalse(self.storage._has_room_for(2, 20))
        self.assertFalse(self.storage._has_room_for(1, 20.5))

    def test_a_storage_does_not_sell_more_than_it_was_seen_to_have(self):
        self.assertEqual(self.storage.capacity_gb, 500)
        self.storage.total_mb = 10_000
        self.assertAlmostEqual(self.storage.capacity_gb, 10.486, places=3)
        self.assertTrue(self.storage._has_room_for(1, 10))
        self.assertFalse(self.storage._has_room_for(1, 11))
        self.storage.storage_ratio = 2
        self.assertTrue(self.storage._has_room_for(1, 11))
        self.storage.max_gigabytes = 5
        self.assertEqual(self.storage.capacity_gb, 5)

    # === ADDRESSES === #

    def test_an_address_names_its_port_unless_it_is_the_usual_one(self):
        host = self.cluster._get_hostname("acme")
        self.assertEqual(host, "acme.tenants.test")
        self.assertEqual(self.proxy._get_url(host), "http://acme.tenants.test")
        self.proxy.write({"port": 18080})
        self.assertEqual(self.proxy._get_url(host), "http://acme.tenants.test:18080")
        self.proxy.write({"port": 443, "scheme": "https"})
        self.assertEqual(self.proxy._get_url(host), "https://acme.tenants.test")
