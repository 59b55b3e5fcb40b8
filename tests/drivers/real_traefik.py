"""Traefik, its Redis and its notice pages, as config/ has them, in a folder."""

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from drivers.errors import InfraError
from drivers.traefik import TraefikDriver
from real_machine import CHECKOUT, wait_until
from redis import Redis

BINARY = Path(os.environ.get("SAASODOO_TRAEFIK", "/var/cache/saasodoo/traefik-3.6.12"))
PORTS = {
    "tenants": 23180,
    "redirect": 23181,
    "notice": 23182,
    "ops": 23184,
    "redis": 23190,
}
CONFIGURATIONS = (
    "redis/redis.conf",
    "redis/redis-users.acl",
    "traefik/traefik.yml",
    "traefik/traefik-shared.yml",
    "traefik/notice.conf",
)
FOLDERS = "etc redis log/traefik temp notice"


class RealTraefik:
    """Three programs on loopback ports; each can be stopped and started."""

    def __init__(self, platform):
        self.platform = platform
        self.public_port = PORTS["tenants"]
        self.password, self.reader_password = uuid4().hex, uuid4().hex
        self.run = Path(tempfile.mkdtemp(prefix="saasodoo-traefik-", dir="/var/tmp"))
        self._programs = {}

    @classmethod
    @contextmanager
    def started(cls, platform):
        server = cls(platform)
        try:
            server.prepare()
            for name in ("redis", "notice", "traefik"):
                server.start(name)
            wait_until(server.runs, "the start of Traefik")
            yield server
        finally:
            for name in list(server._programs):
                server.stop(name)
            shutil.rmtree(server.run)

    def prepare(self):
        self.run.chmod(0o755)  # nginx's worker is nobody
        for folder in FOLDERS.split():
            (self.run / folder).mkdir(parents=True)
        values = {f"port_{name}": port for name, port in PORTS.items()}
        values |= {f"{name}_address": "127.0.0.1" for name in (*PORTS, "traefik")}
        values |= {
            "password_routes": self.password,
            "password_traefik": self.reader_password,
            "scheme": "http",
            "entry_tls": "",
            "certificates": "",
            "access_log": self.run / "log/traefik/access.log",
            "traefik_shared": self.run / "etc/traefik-shared.yml",
            "redis_bind": "127.0.0.1",
            "redis_socket": self.run / "redis/redis.sock",
            "redis_data": self.run / "redis",
            "redis_acl": self.run / "etc/redis-users.acl",
            "notice_bind": "127.0.0.1",
            "notice_temp": self.run / "temp",
            "notice_root": self.run,
        }
        for name in CONFIGURATIONS:
            text = (CHECKOUT / "config" / name).read_text()
            for key, value in values.items():
                text = text.replace(f"@{key}@", str(value))
            (self.run / "etc" / Path(name).name).write_text(text)
        for page in (CHECKOUT / "config/nginx/notice").glob("*.html"):
            shutil.copy(page, self.run / "notice")

    def start(self, name):
        """Start one of redis, notice and traefik, and wait until it listens."""
        etc = self.run / "etc"
        command = {
            "redis": ["/usr/bin/redis-server", etc / "redis.conf"],
            "notice": ["/usr/sbin/nginx", "-e", "stderr", "-c", etc / "notice.conf"],
            "traefik": [BINARY, f"--configFile={etc}/traefik.yml"],
        }[name]
        with open(self.run / f"log/{name}.out", "a") as log:
            self._programs[name] = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT
            )
        ports = ("ops", "tenants") if name == "traefik" else (name,)
        wait_until(
            lambda: all(_listens(PORTS[port]) for port in ports), f"the start of {name}"
        )

    def stop(self, name, *, kill=False):
        """Stop a program and wait for its end."""
        program = self._programs.pop(name)
        program.kill() if kill else program.terminate()
        program.wait(timeout=70)

    def restart(self, name, **options):
        self.stop(name, **options)
        self.start(name)

    def traefik(self, **values):
        settings = {
            "host": "127.0.0.1",
            "port": PORTS["redis"],
            "password": self.password,
            "platform": self.platform,
            "ping": f"http://127.0.0.1:{PORTS['ops']}/ping",
            "timeout": 5.0,
        }
        return TraefikDriver(**settings | values)

    def reader(self):
        """Open Redis as Traefik does."""
        password = self.reader_password
        return Redis(
            port=PORTS["redis"],
            username="traefik",
            password=password,
            decode_responses=True,
        )

    def all_keys(self):
        """List the keys, ours included."""
        with self.reader() as client:
            return sorted(client.scan_iter())

    @contextmanager
    def redis(self):
        """Open Redis as the driver's user, to look and to do harm."""
        with self.traefik()._redis() as client:
            yield client

    def memory(self, name="traefik"):
        """Return the resident memory of a program, in MiB."""
        status = Path(f"/proc/{self._programs[name].pid}/status").read_text()
        line = next(line for line in status.splitlines() if "VmRSS" in line)
        return int(line.split()[1]) // 1024

    def runs(self):
        try:
            self.traefik().check()
        except InfraError:
            return False
        return True


def _listens(port):
    with socket.socket() as client:
        return not client.connect_ex(("127.0.0.1", port))
