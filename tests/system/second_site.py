"""A second site beside a platform on a swarm: engine, proxy, database server, storage.

All are real and of the set-up's own parts; nothing is shared with the first site but
the master, who is told of them as an operator does.
"""

import signal
import subprocess
from contextlib import ExitStack, contextmanager

from people import CHECKOUT, run_in_master, wait_until
from real_swarm import RealSwarm
from swarm_people import Browser, localhost_is_here

from scripts.setup import (
    certificates,
    edge,
    edge_image,
    files,
    folders,
    images,
    postgresql,
)
from scripts.setup import swarm as networks
from scripts.setup.choices import load
from scripts.setup.docker_cli import Docker
from scripts.setup.settings import PG_BIN

NAME, REGION, DOMAIN = "second", "there", "second.localhost"
NETWORK, DEVICE = "10.98.79", "saasswarm2"
GATEWAY = f"{NETWORK}.1"
CELL, EDGE = "10.66.0.0/20", "10.66.16.0/24"
# Where this machine has its Redis: nobody publishes one.
TUNNEL = 20379
# Of the user ids that the first site was given, it leaves the upper half.
UIDS = 5000
PLACES = """
env["saas.region"].create({{"name": "There", "code": "{region}"}})
local = env["saas.cluster"].search([("name", "=", "local")])
local.uid_count = {uids}
print("FREE " + str(local.uid_base + {uids}))
env["saas.proxy"].create({proxy!r})
"""
SERVER = """
env["saas.database.server"]._change_place("{name}", {server!r})
"""


def databases_of(settings):
    """Return the names of all databases of a site's server."""
    listed = "SELECT datname FROM pg_database"
    return postgresql.run_sql(settings, "postgres", "postgres", listed).split()


class SecondSite:
    """Its engine is a node of a network of its own.

    :param SwarmPlatform platform: the first site, with the master
    :param RealSwarm swarm: the engine
    """

    def __init__(self, platform, swarm):
        self.platform, self.swarm = platform, swarm
        self.root = swarm.run / "tenants"
        self.settings = load(
            {
                "RUN_DIR": str(swarm.run / "site"),
                "CACHE_DIR": platform.setting("CACHE_DIR"),
                "RUNTIME": "swarm",
                "DOCKER_HOST": swarm.address,
                "BASE_DOMAIN": DOMAIN,
                "PORT_BASE": "20000",
            }
        )
        self._docker = Docker(swarm.address)
        self._postgresql = None

    @classmethod
    @contextmanager
    def started(cls, platform):
        """Have it for a while, known to the master."""
        place = {"network": NETWORK, "device": DEVICE}
        with ExitStack() as ends:
            mark = platform.setting("PLATFORM_UUID")
            swarm = ends.enter_context(RealSwarm.started(mark, None, **place))
            swarm.run.chmod(0o711)
            site = cls(platform, swarm)
            ends.callback(site._stop_postgresql)
            site._prepare()
            ends.enter_context(site._tunnel())
            site._tell_the_master()
            yield site

    # === WHAT IT IS MADE OF === #

    def _prepare(self):
        folders.note_choices(self.settings)
        folders.make_folders(self.settings)
        gateway = f"{GATEWAY} {NETWORK}.0/24\n"
        files.write(self.settings.etc / "gateway", gateway)
        self._start_postgresql()
        self._load_images()
        for name, subnet in (
            (networks.cell_name(self.settings), CELL),
            (networks.edge_name(self.settings), EDGE),
        ):
            networks._ensure_network(self.settings, self._docker, name, subnet)
        edge.deploy(self.settings)
        firewall = (CHECKOUT / "swarm/firewall", "apply", f"{GATEWAY}:{self._port}")
        self.swarm.inside(*firewall)

    def _start_postgresql(self):
        postgresql.prepare(self.settings)
        folder, conf = self.settings.run / "postgresql/data", "postgresql.conf"
        options = ("-D", folder, "-c", f"config_file={self.settings.etc / conf}")
        with open(self.settings.log / "postgresql.log", "ab") as log:
            self._postgresql = subprocess.Popen(
                [PG_BIN / "postgres", *options],
                user="postgres",
                group="postgres",
                extra_groups=[],
                cwd="/",
                stdout=log,
                stderr=log,
            )
        wait_until(lambda: postgresql.is_ready(self.settings))
        postgresql.make_roles(self.settings)

    def _stop_postgresql(self):
        if self._postgresql:
            # The master has connections open that it would wait for otherwise.
            self._postgresql.send_signal(signal.SIGINT)
            self._postgresql.wait(timeout=60)

    def _load_images(self):
        """Bring the images over, as from a registry: the same ones, by their ids."""
        first = self.platform.settings
        host = first.docker_host
        wanted = {
            images.find_or_build(first, "tenant", host),
            *edge_image.find_or_build(first, host),
        }
        save = ["docker", "-H", host, "save", *wanted]
        with subprocess.Popen(save, stdout=subprocess.PIPE) as saved:
            into = ["docker", "-H", self.swarm.address, "load", "-q"]
            subprocess.run(into, stdin=saved.stdout, check=True, capture_output=True)

    @contextmanager
    def _tunnel(self):
        """Carry its Redis to loopback, as `ssh -L` does from another machine."""
        here = f"TCP-LISTEN:{TUNNEL},bind=127.0.0.1,fork,reuseaddr"
        there = f"UNIX-CONNECT:{edge.redis_socket(self.settings)}"
        with subprocess.Popen(["socat", here, there]) as tunnel:
            try:
                yield
            finally:
                tunnel.terminate()

    # === WHAT THE MASTER IS TOLD === #

    def _tell_the_master(self):
        self._add_storage_root()
        proxy = {
            "name": NAME,
            "kind": "traefik",
            "scheme": "https",
            "address": self.swarm.manager.address,
            "port": self.settings.ports["tenants"],
            "ca_certificate": certificates.authority(self.settings).read_text(),
            "redis_host": "127.0.0.1",
            "redis_port": TUNNEL,
            "admin_login": "saasodoo",
            "admin_password": folders.kept_password(self.settings, "routes"),
            "ping_url": f"http://{self.swarm.manager.address}:"
            f"{self.settings.ports['ops']}/ping",
        }
        places = PLACES.format(region=REGION, uids=UIDS, proxy=proxy)
        said = run_in_master(self.platform, places)
        [free] = [
            line.split()[-1] for line in said.splitlines() if line.startswith("FREE ")
        ]
        self._add("cluster", "--region", REGION, "--base-domain", DOMAIN,
            "--proxy", NAME, "--cell", networks.cell_name(self.settings),
            "--address", f"tcp://{self.swarm.manager.address}:2376",
            "--private-key-file", self.swarm.run / "client.key",
            "--certificate-file", self.swarm.run / "client.pem",
            "--authority-file", self.swarm.run / "ca.pem",
            "--uid-base", free, "--uid-count", UIDS)  # fmt: skip
        word = self.swarm.run / "password"
        known = folders.passwords(self.settings, postgresql.ROLES)
        files.write(word, known["saas_admin"], mode=0o600)
        self._add("server", "--region", REGION, "--host", "127.0.0.1",
            "--port", self._port, "--login", "saas_admin",
            "--password-file", word)  # fmt: skip
        server = {
            "tenant_host": GATEWAY,
            "tenant_port": str(self._port),
            "ca_certificate": certificates.authority(self.settings).read_text(),
        }
        run_in_master(self.platform, SERVER.format(name=NAME, server=server))
        self._add("storage", "--cluster", NAME, "--root", self.root)
        where = ("--cluster", NAME, "--server", NAME)
        self.platform.saasctl("template", "build", "19.0", *where, "--wait")

    def _add(self, place, *words):
        self.platform.saasctl(place, "add", NAME, *words)

    def _add_storage_root(self):
        self.root.mkdir(mode=0o711)
        subprocess.run(
            [CHECKOUT / "scripts/up", "add-storage", self.root],
            env={"RUN_DIR": str(self.platform.run_dir), "PATH": "/usr/sbin:/usr/bin"},
            check=True,
        )

    @property
    def _port(self):
        return self.settings.ports["postgresql"]

    # === WHO LOOKS AT IT === #

    @property
    def authority(self):
        """The file of the CA that its addresses are trusted by."""
        return certificates.authority(self.settings)

    @contextmanager
    def visitor(self):
        """Somebody who visits its instances."""
        here = localhost_is_here(DOMAIN, self.swarm.manager.address)
        with here, Browser(self) as browser:
            yield browser

    def services(self):
        """Return the names of all services of its engine."""
        return self._docker.lines("service", "ls", "--format", "{{.Name}}")
