"""What tests of this add-on stand on: keys, a fake outside, one small fleet."""

import base64
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch
from uuid import uuid4

from nacl.public import PrivateKey
from nacl.signing import SigningKey

from odoo.tests import TransactionCase

from odoo.addons.saas_infra.drivers import fakes
from odoo.addons.saas_infra.tools import keys, settings

PLATFORM = "11111111-1111-4111-8111-111111111111"
INFRA = "odoo.addons.saas_infra.models"
SPECS = "odoo.addons.saas_master.models.saas_instance_specs"


def make_settings(folder):
    """Write keys into a folder and return settings that hold both halves."""
    folder = Path(folder)
    seal, sign = PrivateKey.generate(), SigningKey.generate()
    (folder / "seal").mkdir()
    files = {
        "seal.pub": bytes(seal.public_key),
        "seal/1.key": bytes(seal),
        "sign.pub": bytes(sign.verify_key),
        "sign.key": bytes(sign),
    }
    for name, content in files.items():
        (folder / name).write_text(base64.b64encode(content).decode())
    return settings.Settings(
        platform=PLATFORM,
        seal_public_key=folder / "seal.pub",
        seal_private_keys=folder / "seal",
        sign_public_key=folder / "sign.pub",
        sign_private_key=folder / "sign.key",
    )


class FakeOutside:
    """Puts the fakes where the drivers are built; use as a context.

    :param folder: where keys and the world's file lie
    """

    def __init__(self, folder):
        self.world = Path(folder) / "world.json"
        self._settings = make_settings(folder)
        self._stack = ExitStack()

    def __enter__(self):
        held = self._settings
        for module in (
            "odoo.addons.saas_infra.tools.keys",
            f"{INFRA}.saas_sealed_mixin",
            "odoo.addons.saas_master.models.saas_specs_mixin",
        ):
            self._patch(f"{module}.get_settings", lambda: held)
        keys.get_sign_key.cache_clear()
        keys.get_sign_public_key.cache_clear()
        for model, name in (
            ("saas_cluster.SaasCluster", "process"),
            ("saas_database_server.SaasDatabaseServer", "postgresql"),
            ("saas_storage.SaasStorage", "directory"),
            ("saas_proxy.SaasProxy", "nginx"),
            ("saas_mail_relay.SaasMailRelay", "exim"),
        ):
            self._patch(f"{INFRA}.{model}._get_driver", self._get_builder(name))

        def get_tenant_client(instance, *, direct):
            cluster = instance.cluster_id
            host = "" if direct else cluster._get_hostname(instance.subdomain)
            return fakes.FakeTenantClient(
                self.get_path(cluster), PLATFORM, instance=instance.uuid, host=host
            )

        self._patch(f"{SPECS}.SaasInstance._get_tenant_client", get_tenant_client)
        return self

    def __exit__(self, *error):
        self._stack.close()
        keys.get_sign_key.cache_clear()
        keys.get_sign_public_key.cache_clear()

    def _patch(self, target, replacement):
        self._stack.enter_context(patch(target, replacement))

    def _get_builder(self, name):
        # Not the method itself: a model would not hand its record to it.
        if name == "directory":
            return lambda storage: self._build_storage(storage)
        return lambda place: self.driver(name, place)

    def _build_storage(self, storage):
        build = getattr(self.get_world(storage), storage.kind)
        return build(PLATFORM, storage.root)

    def driver(self, name, place=None):
        """Return a fake: process, postgresql, nginx or exim."""
        kinds = {
            "process": fakes.FakeProcessDriver,
            "postgresql": fakes.FakePostgresqlDriver,
            "nginx": fakes.FakeNginxDriver,
            "exim": fakes.FakeEximDriver,
        }
        return kinds[name](self.get_path(place), PLATFORM)

    def get_path(self, place=None):
        """Return the file of the world in which a place lies: there is one."""
        return self.world

    def get_world(self, place=None):
        """Return the world itself, to produce faults and to read the log of calls."""
        return fakes.FakeWorld(self.get_path(place))

    def read(self, part):  # pylint: disable=method-required-super
        """Read a part of the world: databases, services, routes …"""
        return self.get_world().read(part)


def make_fleet(env, *, cores=1000.0, memory_mb=1_000_000):
    """Write down a region, a cluster with room, and a ready template.

    :return: the records by name
    :rtype: SimpleNamespace
    """
    short = uuid4().hex[:6]
    node = {"name": "localhost", "cores": cores / 2, "memory_mb": memory_mb}
    region = env["saas.region"].create({"name": short, "code": short})
    proxy = env["saas.proxy"].create(
        {"name": short, "address": f"127.0.0.1-{short}", "port": 8080}
    )
    relay = env["saas.mail.relay"].create({"name": short, "host": f"{short}.test"})
    cluster = env["saas.cluster"].create(
        {
            "name": short,
            "region_id": region.id,
            "base_domain": "tenants.test",
            "proxy_id": proxy.id,
            "relay_id": relay.id,
            **find_numbers(env),
            "node_ids": [(0, 0, node)],
        }
    )
    storage = env["saas.storage"]._create_guarded(
        [
            {
                "name": short,
                "cluster_id": cluster.id,
                "root": f"/{short}",
                "is_marked": True,
                "max_tenants": 100000,
                "max_gigabytes": 10_000_000,
            }
        ]
    )
    server = env["saas.database.server"].create(
        {
            "name": short,
            "region_id": region.id,
            "host": f"{short}.test",
            "admin_login": "admin",
            "max_databases": 100000,
            "max_connections": 1_000_000,
        }
    )
    version = env["saas.odoo.version"].create({"name": f"19.0-{short}"})
    template = make_ready_template(env, version, cluster, server, storage)
    plan = env["saas.plan"].create({"name": short, "code": short})
    partner = env["res.partner"].create(
        {"name": f"'; $(id) {{{{7*7}}}} <script> {short}", "email": f"{short}@x.test"}
    )
    return SimpleNamespace(
        region=region,
        proxy=proxy,
        relay=relay,
        cluster=cluster,
        storage=storage,
        server=server,
        version=version,
        template=template,
        plan=plan,
        partner=partner,
    )


def find_numbers(env):
    """Return user ids and ports that no cluster has, this machine's neither."""
    last = env["saas.cluster"].search([], order="uid_base desc", limit=1)
    uid = max(last.uid_base + last.uid_count, 220000)
    return {
        "uid_base": uid,
        "uid_count": 1000,
        "port_base": 25000 + uid - 220000,
        "port_count": 1000,
    }


def make_ready_template(env, version, cluster, server, storage, **values):
    """Write down a template as its build leaves it."""
    uuid = str(uuid4())
    database = f"odoo_template_{uuid[:8]}"
    templates = env["saas.template"]
    # From the end of the range: instances are counted from its beginning.
    others = templates.search_count([("cluster_id", "=", cluster.id)])
    return templates._create_guarded(
        [
            {
                "version_id": version.id,
                "cluster_id": cluster.id,
                "database_server_id": server.id,
                "storage_id": storage.id,
                "modules": version.modules,
                "languages": version.languages,
                "uuid": uuid,
                "database": database,
                "directory": f"odoo_data_{database}_{uuid}",
                "uid": cluster.uid_base + cluster.uid_count - 1 - others,
                "password_sealed": templates._seal("template", "database", uuid),
                "state": "ready",
                **values,
            }
        ]
    )


def put_on_swarm(fleet, *cells):
    """Have a fleet's cluster be a swarm.

    :param cells: how many tenants each of its cells has room for
    """
    fleet.cluster.kind = "swarm"
    fleet.cluster.cell_ids = [
        (0, 0, {"name": f"cell{number}", "max_tenants": room})
        for number, room in enumerate(cells, start=1)
    ]
    for record in (fleet.version, fleet.template):
        record._write_guarded({"image": "sha256:1"})
    fleet.storage.tenant_root = "/mnt/tenants"


def build_outside(template):
    """Make outside what a template's build makes."""
    server = template.database_server_id._get_driver()
    spec = template._get_database_spec()
    server.ensure_role(spec)
    server.ensure_database(spec, template=None, template_role=None)
    storage = template.storage_id._get_driver()
    storage.ensure_sentinel()
    storage.ensure_directory(template._get_directory_spec())


class SaasCommon(TransactionCase):
    """One fleet on fakes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.outside = FakeOutside(folder.name)
        cls.enterClassContext(cls.outside)
        cls.fleet = make_fleet(cls.env)
        parameters = cls.env["ir.config_parameter"]
        parameters.set_param("saas_master.retention_days", "0")
        build_outside(cls.fleet.template)

    @classmethod
    def request_instance(cls, subdomain=None, **values):
        """Ask for an instance of a customer of its own."""
        subdomain = subdomain or f"t{uuid4().hex[:10]}"
        partner = cls.env["res.partner"].create({"name": subdomain})
        return cls.env["saas.instance"]._request_instance(
            **{
                "plan": cls.fleet.plan,
                "subdomain": subdomain,
                "partner": partner,
                "email": f"owner@{subdomain}.test",
                "region": cls.fleet.region,
                **values,
            }
        )
