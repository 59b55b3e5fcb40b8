"""A second region beside a platform's own: a swarm, a proxy, a database server."""

import shutil
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import docker
from people import CHECKOUT, wait_until
from real_postgresql import RealPostgresql
from real_swarm import RealSwarm
from real_traefik import CONFIGURATIONS

from scripts.setup import images, settings, traefik
from scripts.setup.settings import PG_BIN

NETWORK, DEVICE = "10.98.79", "saasswarm2"
HERE, THERE = f"{NETWORK}.1", f"{NETWORK}.2"  # this machine, and the manager
PORTS = {
    **{"tenants": 23380, "redirect": 23381, "notice": 23382, "ops": 23384},
    **{"redis": 23390, "postgresql": 23332},
}
CELL = "far-cell"
HBA = "local all all peer\nhost all all samenet scram-sha-256\n"


class FarDatabase(RealPostgresql):
    """A PostgreSQL server of its own, which containers reach by the bridge."""

    def __init__(self, platform, folder):
        super().__init__(platform)
        self.host, self.port = HERE, PORTS["postgresql"]
        self._folder, self._user, self._password = folder, "postgres", uuid4().hex

    @contextmanager
    def serving(self):
        self._folder.mkdir()
        secret = self._folder / "password"
        secret.write_text(self._password)
        data = self._folder / "data"
        subprocess.run(["chown", "-R", "postgres:", self._folder], check=True)
        self._run("initdb", "-D", data, "-A", "scram-sha-256", "--pwfile", secret)
        (data / "pg_hba.conf").write_text(HBA)
        options = f"-p {self.port} -c listen_addresses={HERE} -k {self._folder}"
        log = self._folder / "log"
        self._run("pg_ctl", "-w", "-D", data, "-l", log, "-o", options, "start")
        try:
            yield
        finally:
            self._run("pg_ctl", "-w", "-D", data, "-m", "immediate", "stop")

    def databases(self):
        """List the databases by name."""
        return {name for (name,) in self.query("SELECT datname FROM pg_database")}

    def _run(self, program, *arguments):
        command = [PG_BIN / program, *arguments]
        subprocess.run(command, user="postgres", cwd="/", check=True, stdout=-3)


class FarProxy:
    """Redis and the notice pages on this machine, Traefik in the tenants' network."""

    def __init__(self, folder, swarm, binary):
        self.password, self._reader = uuid4().hex, uuid4().hex
        self._folder, self._swarm, self._binary = folder, swarm, binary

    @contextmanager
    def serving(self):
        self._write()
        etc = self._folder / "etc"
        with ExitStack() as stack:
            for command in (
                ["/usr/bin/redis-server", etc / "redis.conf"],
                ["/usr/sbin/nginx", "-e", "stderr", "-c", etc / "notice.conf"],
            ):
                program = stack.enter_context(subprocess.Popen(command, stdout=-3))
                stack.callback(program.terminate)
            self._start_traefik()
            yield

    def _write(self):
        for name in ("etc", "redis", "temp", "notice"):
            (self._folder / name).mkdir(parents=True)
        self._folder.chmod(0o755)
        values = {f"port_{name}": port for name, port in PORTS.items()}
        values |= {
            **{"redis_address": HERE, "notice_address": HERE, "notice_bind": HERE},
            **{"redis_bind": HERE, "traefik_address": "", "ops_address": ""},
            "password_routes": self.password,
            "password_traefik": self._reader,
            **{"scheme": "http", "entry_tls": "", "certificates": ""},
            "access_log": "/dev/null",
            "traefik_shared": "/etc/traefik/traefik-shared.yml",
            "redis_socket": self._folder / "redis/redis.sock",
            "redis_data": self._folder / "redis",
            "redis_acl": self._folder / "etc/redis-users.acl",
            "notice_temp": self._folder / "temp",
            "notice_root": self._folder,
        }
        for name in CONFIGURATIONS:
            text = (CHECKOUT / "config" / name).read_text()
            for key, value in values.items():
                text = text.replace(f"@{key}@", str(value))
            (self._folder / "etc" / Path(name).name).write_text(text)
        for page in (CHECKOUT / "config/nginx/notice").glob("*.html"):
            shutil.copy(page, self._folder / "notice")

    def _start_traefik(self):
        client = self._swarm.client()
        ports = [PORTS[name] for name in ("tenants", "ops")]
        binds = [f"{self._binary}:/traefik:ro", f"{self._folder}/etc:/etc/traefik:ro"]
        made = client.create_container(
            self._swarm.image,
            entrypoint=["/traefik"],
            command=["--configFile=/etc/traefik/traefik.yml"],
            ports=ports,
            host_config=client.create_host_config(
                binds=binds,
                port_bindings={port: port for port in ports},
                network_mode=CELL,
            ),
        )
        client.start(made["Id"])


class SecondCluster:
    """All of it, and what a platform needs to be told of it."""

    def __init__(self, platform):
        self.platform = platform
        self.folder = Path(tempfile.mkdtemp(prefix="saasodoo-far-", dir="/var/tmp"))
        self.storage = self.folder / "storage"
        self._uuid = platform.setting("PLATFORM_UUID")
        self._chosen = settings.load({"RUN_DIR": str(platform.run_dir)})

    @classmethod
    @contextmanager
    def started(cls, platform):
        cluster = cls(platform)
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, cluster.folder)
            cluster.start(stack)
            yield cluster

    def start(self, stack):
        self.folder.chmod(0o711)
        self.storage.mkdir()
        self.swarm = stack.enter_context(
            RealSwarm.started(self._uuid, self.storage, network=NETWORK, device=DEVICE)
        )
        self._make_cell()
        self.database = FarDatabase(self._uuid, self.folder / "postgresql")
        stack.enter_context(self.database.serving())
        stack.enter_context(self.database.with_login())
        binary = traefik.PROGRAM.find_or_build(self._chosen)
        self.proxy = FarProxy(self.folder / "proxy", self.swarm, binary)
        stack.enter_context(self.proxy.serving())
        self.image = images.find_or_build(self._chosen, "tenant", self.swarm.address)

    def services(self):
        """Name the tenants' services of the swarm."""
        found = self.swarm.client().services()
        return {each["Spec"]["Name"] for each in found}

    def directories(self):
        """Name the tenants' directories on the storage."""
        return {path.name for path in (self.storage / "odoo_instances").glob("*")}

    def certificate_files(self):
        """Return the options by which saasctl is told of TLS."""
        texts = self.swarm.certificates()
        names = ("authority", "certificate", "private-key")
        for name, text in zip(names, texts, strict=True):
            path = self.folder / name
            path.write_text(text)
            yield from (f"--{name}-file", path)

    def _make_cell(self):
        pool = docker.types.IPAMPool(subnet="10.77.16.0/20")
        ipam = docker.types.IPAMConfig(pool_configs=[pool])
        client = self.swarm.client()
        client.create_network(CELL, driver="overlay", attachable=True, ipam=ipam)
        wait_until(lambda: client.networks(names=[CELL]))
