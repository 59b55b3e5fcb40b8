"""What an instance on a swarm asks of Swarm and Traefik, and what it cannot do."""

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from odoo.addons.saas_infra.drivers.errors import NoCapacity

from ..models.saas_instance_specs import SaasInstance
from .common import SaasCommon, put_on_swarm

ASK = SaasInstance._get_tenant_client  # the real one: it talks to nobody until asked


@tagged("post_install", "-at_install")
class TestSwarmSpecs(SaasCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        fleet = cls.fleet
        put_on_swarm(fleet, 1, 2)
        reached = {"tenant_host": "10.0.0.5", "tenant_port": 6432}
        fleet.server._write_guarded(reached | {"ca_certificate": "AUTHORITY"})

    def place(self):
        instance = self.request_instance()
        instance._write_guarded(instance._choose_place())
        instance.flush_recordset()
        return instance

    def test_a_service_joins_its_cell_with_its_image_and_its_database(self):
        instance = self.place()
        spec = instance._get_service_spec()
        self.assertEqual(spec.image, "sha256:1")
        self.assertEqual(spec.networks, ("cell1",))
        self.assertEqual(spec.storage_root, "/mnt/tenants")
        self.assertEqual((spec.database_host, spec.database_port), ("10.0.0.5", 6432))
        self.assertEqual(spec.database_ca, "AUTHORITY")

    def test_the_proxy_finds_it_by_its_name(self):
        instance = self.place()
        spec = instance._get_route_spec("running")
        self.assertEqual(spec.upstream, f"{instance.service}:8069")

    def test_one_with_workers_has_web_sockets_elsewhere_and_more_connections(self):
        instance = self.place()
        small = instance._get_database_spec().connection_limit
        self.assertFalse(instance._get_route_spec("running").websocket)
        instance._write_guarded({"cpu_cores": 2, "memory_mb": 2048})
        route = instance._get_route_spec("running")
        self.assertEqual(route.websocket, f"{instance.service}:8072")
        # Two tasks of eight, and two to spare; with four workers ten more each.
        large = instance._get_database_spec().connection_limit
        self.assertEqual((small, large), (18, 38))

    def test_both_plans_may_reach_the_database_while_one_follows_the_other(self):
        instance = self.place()
        instance.database_server_id._get_driver().ensure_role(
            instance._get_database_spec()
        )
        operation = self.env["saas.operation"].new({"instance_id": instance})
        # The one that it had is as large, smaller, and larger.
        for cores, limit in ((1, 18), (4, 54), (2, 54)):
            instance._write_guarded({"cpu_cores": cores, "memory_mb": cores * 1024})
            operation._step_widen()()
            role = self.outside.read("roles")[instance.database]
            self.assertEqual(role["connection_limit"], limit)

    def test_cells_are_filled_evenly_and_never_beyond_their_room(self):
        cells = [self.place().cell_id.name for _instance in range(3)]
        self.assertEqual(sorted(cells), ["cell1", "cell2", "cell2"])
        with self.assertRaises(NoCapacity) as refused:
            self.place()
        self.assertIn("a cell", refused.exception.cure)

    def test_a_cell_takes_another_once_one_has_ended(self):
        instances = [self.place() for _instance in range(3)]
        instances[0]._write_guarded({"port": 0})
        self.assertEqual(self.place().cell_id, instances[0].cell_id)

    def test_what_comes_back_gets_a_cell_again(self):
        instance = self.place()
        instance._write_guarded({"port": 0, "cell_id": False})
        self.assertTrue(instance._choose_place()["cell_id"])

    def test_it_keeps_its_image_while_the_version_gets_another(self):
        instance = self.place()
        self.fleet.version._write_guarded({"image": "sha256:2"})
        self.assertEqual(instance._get_service_spec().image, "sha256:1")

    def test_nobody_writes_which_image_runs(self):
        with self.assertRaises(AccessError):
            self.fleet.version.image = "sha256:3"
        with self.assertRaises(AccessError):
            self.place().image = "sha256:3"

    def test_user_ids_are_told_apart_from_other_clusters(self):
        cluster = self.fleet.cluster
        with self.assertRaisesRegex(ValidationError, "user ids of their own"):
            cluster.copy(
                {"name": "other", "uid_base": cluster.uid_base, "port_base": 3000}
            )

    def test_ports_of_a_swarm_are_nobody_elses(self):
        cluster = self.fleet.cluster
        values = {"name": "other", "uid_base": cluster.uid_base + 5000}
        self.assertTrue(cluster.copy(values | {"kind": "process"}))

    def test_the_template_is_built_in_a_cell_with_the_same_image(self):
        operation = self.env["saas.operation"].new({"template_id": self.fleet.template})
        service = operation._get_template_task().service
        self.assertEqual((service.image, service.networks), ("sha256:1", ("cell1",)))

    def test_the_master_asks_it_as_visitors_do(self):
        instance, proxy = self.place(), self.fleet.proxy
        proxy.write({"scheme": "https", "address": "127.0.0.7", "port": 443})
        for direct in (True, False):
            client = ASK(instance, direct=direct)
            self.assertEqual(client.address, ("127.0.0.7", 443))
            self.assertTrue(client.tls.check_hostname)

    def test_processes_of_this_machine_are_asked_at_their_port(self):
        self.fleet.cluster.kind = "process"
        instance = self.place()
        client = ASK(instance, direct=True)
        self.assertEqual(client.address, ("127.0.0.1", instance.port))
        self.assertFalse(client.tls)
