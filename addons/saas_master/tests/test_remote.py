"""Machines elsewhere: who writes their address, and what opens the key to them."""

from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.saas_infra.drivers.cephfs import CephfsDriver
from odoo.addons.saas_infra.drivers.errors import PermanentInfraError
from odoo.addons.saas_infra.drivers.storage_view import HelperView
from odoo.addons.saas_infra.models import saas_cluster_swarm
from odoo.addons.saas_infra.models.saas_storage import SaasStorage
from odoo.addons.saas_infra.tools.settings import Settings

from .common import SaasCommon

SSH, TCP = "ssh://root@10.9.0.1", "tcp://10.9.0.1:2376"
HOST_KEY = "ssh-ed25519 AAAA"
GET_STORAGE_DRIVER = SaasStorage._get_driver  # before the fakes take its place


@tagged("post_install", "-at_install")
class TestRemote(SaasCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = new_test_user(
            cls.env, "remote_operator", groups="saas_infra.group_operator"
        )

    def add(self, address=SSH, **values):
        """Add a cluster as an operator does, at the command line."""
        cluster = (
            self.env["saas.api"]
            .with_user(self.operator)
            .cluster_add(
                name="elsewhere",
                region=self.fleet.region.code,
                base_domain="elsewhere.test",
                proxy=self.fleet.proxy.name,
                address=address,
                **values,
            )
        )
        return self.env["saas.cluster"].browse(cluster["id"])

    def add_by_ssh(self):
        return self.add(private_key="OUR KEY", host_key=HOST_KEY, cell="cell1")

    def test_an_engine_behind_ssh_gets_our_key_and_the_hosts(self):
        cluster = self.add_by_ssh()
        engine = cluster._get_engine()
        self.assertEqual(engine["address"], SSH)
        self.assertEqual(engine["ssh"], ("OUR KEY\n", HOST_KEY))
        self.assertEqual(cluster.cell_ids.name, "cell1")
        self.assertNotIn("OUR KEY", cluster.remote_key_sealed)

    def test_an_engine_behind_tls_gets_three_texts(self):
        cluster = self.add(
            TCP, private_key="KEY", certificate="OURS", authority="THEIRS"
        )
        engine = cluster._get_engine()
        self.assertEqual(engine["certificates"], ("THEIRS", "OURS", "KEY\n"))

    def test_without_its_keys_an_engine_is_refused_with_the_cure(self):
        settings = Settings(run_dir=Path(__file__).parents[3])
        template = "odoo.addons.saas_infra.tools.embedded.Embedded.swarm_conf_template"
        self.startPatcher(
            patch.object(saas_cluster_swarm, "get_settings", lambda: settings)
        )
        self.startPatcher(
            patch(
                "odoo.addons.saas_infra.tools.embedded.get_settings", lambda: settings
            )
        )
        self.startPatcher(patch(template, Path(__file__)))
        cluster = self.add()
        with self.assertRaisesRegex(PermanentInfraError, "Give the cluster an SSH key"):
            cluster._get_swarm_driver()
        cluster.write({"remote_host_key": HOST_KEY, "remote_key": "no key"})
        self.assertTrue(cluster._get_swarm_driver())

    def test_without_an_address_it_is_the_engine_of_this_machine(self):
        own = Settings(engine="unix:///run/docker.sock")
        self.startPatcher(patch.object(saas_cluster_swarm, "get_settings", lambda: own))
        cluster = self.fleet.cluster
        self.assertEqual(cluster._get_engine(), {"address": own.engine})

    def test_whoever_changes_a_side_opens_nothing(self):
        cluster = self.add_by_ssh()
        for values in (
            {"remote_host_key": "ssh-ed25519 BBBB"},
            {"engine_authority": "ANOTHER"},
        ):
            before = {name: cluster[name] for name in values}
            cluster.with_user(self.operator).write(values)
            with self.assertRaisesRegex(PermanentInfraError, "another record or add"):
                cluster._get_engine()
            cluster.write(before)
        self.assertTrue(cluster._get_engine())

    def test_a_key_is_replaced_in_the_form_and_read_by_nobody(self):
        cluster = self.add_by_ssh().with_user(self.operator)
        with Form(cluster) as form:
            form.remote_key = "-----BEGIN\r\n another\r\n"
        login = cluster._get_ssh_login()
        self.assertEqual(login.key, "-----BEGIN\nanother\n")
        self.assertFalse(cluster.remote_key)
        with self.assertRaises(AccessError):
            cluster.read(["remote_key_sealed"])

    def test_an_address_is_given_once_and_moved_by_root_alone(self):
        cluster = self.add_by_ssh()
        with self.assertRaises(AccessError):
            cluster.with_user(self.operator).remote_address = "ssh://root@evil.test"
        clusters = self.env["saas.cluster"]
        other = {"remote_address": "ssh://root@10.9.0.2:2222"}
        with self.assertRaisesRegex(AccessError, "local root command"):
            clusters.with_user(self.operator)._change_place("elsewhere", other)
        with self.assertRaisesRegex(
            UserError, "No Cluster, or more than one, is named nowhere"
        ):
            clusters._change_place("nowhere", other)

        self.assertIn(
            f"{SSH} → {other['remote_address']}",
            clusters._change_place("elsewhere", other),
        )
        self.assertEqual(cluster._get_engine()["address"], other["remote_address"])
        self.assertEqual(cluster._get_engine()["ssh"].key, "OUR KEY\n")

    def test_where_tenants_send_mail_and_data_is_changed_by_root_alone(self):
        relay, server = self.fleet.relay, self.fleet.server
        for place, values in (
            (relay, {"host": "evil.test"}),
            (server, {"tenant_host": "evil.test"}),
            (self.fleet.cluster, {"relay_id": False}),
        ):
            with self.assertRaises(AccessError):
                place.with_user(self.operator).write(values)

        said = relay._change_place(
            relay.name, {"host": "10.9.0.9", "port": "587", "tls": "yes"}
        )
        self.assertIn("→ 10.9.0.9", said)
        self.assertEqual((relay.host, relay.port, relay.tls), ("10.9.0.9", 587, True))
        other = relay.copy({"name": "other", "host": "10.9.0.10"})
        self.env["saas.cluster"]._change_place(
            self.fleet.cluster.name, {"relay_id": "other"}
        )
        self.assertEqual(self.fleet.cluster.relay_id, other)
        for values, refusal in (
            ({"name": "x"}, "this changes host, port, tls"),
            ({"port": "many"}, "many is no number"),
        ):
            with self.assertRaisesRegex(UserError, refusal):
                relay._change_place(relay.name, values)

    def test_what_is_no_address_is_refused_with_those_that_there_are(self):
        words = "Write unix:///path, tcp://host"
        with (
            self.assertRaisesRegex(ValidationError, words),
            self.env.cr.savepoint(),
        ):
            self.add("http://10.9.0.1:2375")
        with self.assertRaisesRegex(ValidationError, "Only a swarm"):
            self.add_by_ssh().kind = "process"

    def test_user_ids_follow_those_of_all_other_clusters(self):
        highest = max(
            one.uid_base + one.uid_count
            for one in self.env["saas.cluster"].search([("uid_count", ">", 0)])
        )
        self.assertEqual(self.add(uid_count=100).uid_base, highest)

    def test_a_dry_run_adds_nothing(self):
        clusters = self.env["saas.cluster"]
        count = clusters.search_count([])
        api = self.env["saas.api"].with_user(self.operator)
        told = api.cluster_add(
            "elsewhere", self.fleet.region.code, "elsewhere.test",
            self.fleet.proxy.name, SSH, private_key="KEY", dry_run=True,
        )  # fmt: skip
        self.assertEqual(told["plan"], ["Add the cluster elsewhere."])
        self.assertEqual(clusters.search_count([]), count)


@tagged("post_install", "-at_install")
class TestRemoteStorage(SaasCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = new_test_user(
            cls.env, "storage_operator", groups="saas_infra.group_operator"
        )
        cls.cluster = cls.fleet.cluster.copy(
            {"name": "swarm", "kind": "swarm", "uid_base": 900000}
        )

    def add(self, name="far", cluster=None, **values):
        """Add a storage as an operator does, at the command line."""
        arguments = {"kind": "cephfs", "address": SSH, "private_key": "OUR KEY"}
        arguments |= {"host_key": HOST_KEY, "tenant_root": "/mnt/tenants", **values}
        added = (
            self.env["saas.api"]
            .with_user(self.operator)
            .storage_add(
                name, (cluster or self.cluster).name, f"/mnt/{name}", **arguments
            )
        )
        return self.env["saas.storage"].browse(added["id"])

    def test_its_helper_is_called_with_our_key(self):
        storage = self.add()
        self.assertEqual(storage.kind, "cephfs")
        self.assertEqual(storage._get_tenant_root(), "/mnt/tenants")
        helper = storage._get_helper()
        self.assertEqual(helper._address, SSH)
        self.assertEqual(helper._login, ("OUR KEY\n", HOST_KEY))
        driver = GET_STORAGE_DRIVER(storage)
        self.assertIsInstance(driver, CephfsDriver)
        self.assertIsInstance(driver._view, HelperView)

    def test_without_a_key_it_is_refused_with_the_cure(self):
        storage = self.add(private_key=None)
        with self.assertRaisesRegex(PermanentInfraError, "Give the storage an SSH key"):
            storage._get_helper()

    def test_a_key_of_a_cluster_opens_no_storage(self):
        storage = self.add()
        self.cluster.remote_key_sealed = storage.remote_key_sealed
        with self.assertRaisesRegex(PermanentInfraError, "another record"):
            self.cluster._get_ssh_login()

    def test_where_it_cannot_be_is_said(self):
        self.add()
        for values, message in (
            ({"address": TCP}, "Write ssh://user@host"),
            ({"cluster": self.fleet.cluster}, "need a storage of its own"),
            ({"address": "ssh://root@10.9.0.2"}, "reached at the same machine"),
            ({"address": None}, "reached at the same machine"),
        ):
            if "cluster" not in values and values["address"] == TCP:
                values["cluster"] = self.cluster.copy(
                    {"name": "another", "kind": "swarm", "uid_base": 950000}
                )
            with (
                self.subTest(**values),
                self.assertRaisesRegex(ValidationError, message),
                self.env.cr.savepoint(),
            ):
                self.add("second", **values)
        self.assertTrue(self.add("second"))
