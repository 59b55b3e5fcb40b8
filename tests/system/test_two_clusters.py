"""Two clusters and two database servers in one master, each in its region, for real.

The first is this machine's own; the second a swarm with an engine behind TLS, Traefik,
a PostgreSQL server and a storage of its own.
"""

import os
import subprocess
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import requests
from people import CHECKOUT, wait_until
from second_cluster import CELL, HERE, PORTS, THERE, SecondCluster
from strangers import role_of

from scripts.setup import folders, master, settings, storages

pytestmark = pytest.mark.slow

NAME = f"far{uuid4().hex[:6]}"
DOMAIN = f"{NAME}.test"
UIDS = 500
# What staff write down in the backend.
WRITE_DOWN = """
local = env["saas.cluster"].search([("name", "=", "local")])
local.uid_count -= {uids}
env["saas.region"].create({{"name": "{name}", "code": "{name}"}})
env["saas.proxy"].create(
    {{
        "name": "{name}", "kind": "traefik", "address": "{there}", "port": {tenants},
        "redis_host": "{here}", "redis_port": {redis}, "admin_login": "saasodoo",
        "admin_password": "{password}", "ping_url": "http://{there}:{ops}/ping",
    }}
)
# The image is on that engine alone: it is a release of its own.
version = env["saas.odoo.version"].create({{"name": "{name}"}})
version._write_guarded({{"image": "{image}"}})
env.cr.commit()
"""
CLOSE = """
cluster = env["saas.cluster"].search([("name", "=", "{name}")])
local = env["saas.cluster"].search([("name", "=", "local")])
for model in ("storage", "proxy", "database.server", "cluster"):
    env["saas." + model].search([("name", "=", "{name}")]).write({{"state": "closed"}})
cluster.uid_count = 0
local.uid_count += {uids}
env["saas.odoo.version"].search([("name", "=", "{name}")]).active = False
env["saas.region"].search([("code", "=", "{name}")]).active = False
env.cr.commit()
"""


def shell(chosen, script, **values):
    text = script.format(name=NAME, uids=UIDS, **values)
    master.run_odoo(chosen, "shell", stdin=text, log="install.log")


@pytest.fixture(scope="module")
def far(platform):
    """The second region, in use: reached, with its storage marked and a template."""
    chosen = settings.load({"RUN_DIR": str(platform.run_dir)})
    with SecondCluster.started(platform) as cluster:
        shell(
            chosen,
            WRITE_DOWN,
            **PORTS,
            here=HERE,
            there=THERE,
            password=cluster.proxy.password,
            image=cluster.image,
        )
        try:
            add_places(platform, cluster, chosen)
            words = ("--cluster", NAME, "--server", NAME)
            platform.saasctl("template", "build", NAME, *words, "--wait")
            yield cluster
        finally:
            shell(chosen, CLOSE)
            forget_storage(chosen, cluster)


def add_places(platform, cluster, chosen):
    """Add them as an operator does."""
    uids = chosen.uid_last + 1 - UIDS
    platform.saasctl(
        *("cluster", "add", NAME, "--region", NAME, "--base-domain", DOMAIN),
        *("--proxy", NAME, "--address", f"tcp://{THERE}:2376", "--cell", CELL),
        *("--uid-base", uids, "--uid-count", UIDS, *cluster.certificate_files()),
    )
    secret = cluster.folder / "password"
    secret.write_text(cluster.database.password)
    platform.saasctl(
        *("server", "add", NAME, "--region", NAME, "--host", HERE),
        *("--port", PORTS["postgresql"], "--login", cluster.database.login),
        *("--password-file", secret),
    )
    subprocess.run(
        [CHECKOUT / "scripts/up", "add-storage", cluster.storage],
        env={**os.environ, "RUN_DIR": str(platform.run_dir)},
        check=True,
        capture_output=True,
    )
    root = ("--cluster", NAME, "--root", cluster.storage)
    platform.saasctl("storage", "add", NAME, *root)
    wait_until(lambda: nodes_of(platform), 150)  # the watch takes it in


def nodes_of(platform):
    return [n for n in platform.saasctl("node", "list") if n["cluster_id"] == NAME]


def forget_storage(chosen, cluster):
    path = chosen.etc / storages.ADDED
    kept = [one for one in storages.roots(chosen)[1:] if one != str(cluster.storage)]
    path.write_text("".join(f"{one}\n" for one in kept))
    folders.write_helper_settings(chosen)


class Near:
    """What the platform's own cluster, server and storage have."""

    def __init__(self, platform):
        self.run_dir = platform.run_dir
        self._role = role_of(platform, "postgres")

    def look(self):
        names = self._role.sql("postgres", "SELECT datname FROM pg_database")
        folders = ("data-plane/programs", "nginx/routes", "storage/odoo_instances")
        return {name for (name,) in names} | {
            str(path)
            for folder in folders
            for path in (self.run_dir / folder).iterdir()
        }


@pytest.fixture
def near(platform):
    return Near(platform)


def ask(url):
    """Ask for the login page as visitors of the second region do."""
    parts = urlsplit(url)
    there = parts._replace(netloc=f"{THERE}:{PORTS['tenants']}", path="/web/login")
    answer = requests.get(there.geturl(), headers={"Host": parts.netloc}, timeout=30)
    return answer.status_code, 'name="login"' in answer.text


def test_a_template_of_the_second_region_is_there_and_not_here(platform, far, near):
    [template] = [
        each for each in platform.saasctl("template", "list") if NAME in each["name"]
    ]
    assert template["state"] == "ready"
    assert template["database"] in far.database.databases()
    assert template["database"] not in near.look()


def test_an_instance_for_the_second_region_lives_there_from_birth_to_purge(
    platform, far, near
):
    before, there = near.look(), (far.services(), far.database.databases())

    made = platform.create(region=NAME)
    database, service = made["database"], f"odoo_{made['uuid'][:8]}"

    assert ask(made["url"]) == (200, True)
    assert urlsplit(made["url"]).hostname == f"{made['subdomain']}.{DOMAIN}"
    assert service in far.services()
    assert database in far.database.databases()
    assert f"odoo_data_{database}_{made['uuid']}" in far.directories()
    assert near.look() == before

    platform.saasctl("instance", "stop", made["subdomain"], "--wait")
    assert ask(made["url"]) == (503, False)
    platform.saasctl("instance", "start", made["subdomain"], "--wait")
    assert ask(made["url"]) == (200, True)

    platform.remove(made["subdomain"])
    assert (far.services(), far.database.databases()) == there
    assert near.look() == before


def test_an_instance_for_this_machine_leaves_the_second_region_alone(
    platform, far, near
):
    there = far.services(), far.database.databases(), far.directories()
    made = platform.create(region="local")

    assert made["database"] in near.look()
    assert (far.services(), far.database.databases(), far.directories()) == there
    platform.remove(made["subdomain"])


def test_reconciling_finds_both_as_they_should_be(platform, far):
    made = [platform.create(region=region) for region in ("local", NAME)]

    report = platform.saasctl("reconcile", "--dry-run")["answer"]

    assert not (report["alarms"] or report["lost"] or report["repaired"])
    assert report["compared"] >= 2
    for each in made:
        platform.remove(each["subdomain"])
