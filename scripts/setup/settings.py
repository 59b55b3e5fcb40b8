"""Where a platform lies, and which ports and users are its own."""

import os
import re
import socket
import uuid
from dataclasses import dataclass
from pathlib import Path

from . import domain
from .runner import Failure

CHECKOUT = Path(__file__).resolve().parents[2]
USUAL_RUN = CHECKOUT / ".run"
# Lasting choices: made once by the first `up`, kept in platform.env.
FIXED = {
    "PORT_BASE": "18000",
    "TENANT_UID_BASE": "200000",
    "TENANT_UID_COUNT": "10000",
    "BASE_DOMAIN": "tenants.localhost",
    # What tenants run on: processes of this machine, or a Docker Swarm.
    "RUNTIME": "process",
}
RUNTIMES = ("process", "swarm")
DIRECT = "direct"
SMARTHOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}:[0-9]{1,5}")
ENGINE = "/run/docker.sock"  # where Debian's and others' packages have it
# Kept there too, until they are given anew; given empty they are forgotten.
CHANGEABLE = {
    "CACHE_DIR": "/var/cache/saasodoo",
    # What placement may sell of this machine; empty: all cores, a part of the memory.
    "NODE_CORES": "",
    "NODE_MEMORY_MB": "",
    # Sooner nothing is purged, whatever the master's own retention time is.
    "LEAST_RETENTION_DAYS": "7",
    # A source tree of Odoo 19; empty: one that is found or unpacked.
    "ODOO_SOURCE": "",
    # 0: no first instance.
    "DEMO": "",
    # A wildcard certificate with its key; empty: one of a CA of the platform's own.
    "TLS_CERT": "",
    "TLS_KEY": "",
    # Where the relay hands tenants' mail on: host:port, `direct` to find each
    # recipient's server itself, empty to hold it.
    "SMTP_SMARTHOST": "",
    # A file with login:password for the smarthost.
    "SMTP_LOGIN_FILE": "",
}
LEAST_MB, RESERVED_MB = 512, 1024
MODULES = ("saas_infra", "saas_master")
PG_BIN = Path("/usr/lib/postgresql/15/bin")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One platform: its folders, ports and users."""

    run: Path
    platform: str
    port_base: int
    uid_base: int
    uid_count: int
    base_domain: str
    cache: Path
    node_cores: int | None
    node_memory_mb: int | None
    least_retention_days: int
    odoo_source: str
    demo: bool
    runtime: str
    docker_host: str
    tls_cert: str
    tls_key: str
    smtp_smarthost: str
    smtp_login_file: str
    # PostgreSQL, but neither a proxy nor a master: enough for most tests.
    database_only: bool = False

    @property
    def on_swarm(self):
        """Whether tenants are services of a Docker Swarm, not processes here."""
        return self.runtime == "swarm"

    @property
    def own_engine(self):
        """Whether Docker's engine is a program of ours."""
        return self.on_swarm and self.docker_host == own_engine_host(self.run)

    @property
    def uid_last(self):
        return self.uid_base + self.uid_count - 1

    @property
    def cores(self):
        """What placement may sell: what was chosen, else all that there is."""
        return self.node_cores or os.cpu_count()

    @property
    def memory_mb(self):
        """As the cores, less what PostgreSQL and the master need themselves."""
        pages = os.sysconf("SC_PHYS_PAGES")
        there = os.sysconf("SC_PAGE_SIZE") * pages // 1024**2
        rest = there - max(RESERVED_MB, there // 4)
        return self.node_memory_mb or max(rest, LEAST_MB)

    @property
    def ports(self):
        """The fixed ports by what listens there."""
        offsets = {
            "mail": 25,
            "postgresql": 32,
            "master": 69,
            "internal": 70,
            "web": 71,
            "web_socket": 72,
            "jobs": 73,
            "jobs_socket": 74,
            "tenants": 80,
        }
        if self.on_swarm:
            offsets |= {"redirect": 81, "ops": 82}
        return {name: self.port_base + offset for name, offset in offsets.items()}

    @property
    def tenant_ports(self):
        return range(self.port_base + 1000, self.port_base + 3000)

    @property
    def master_url(self):
        return f"http://{domain.MASTER}:{self.ports['master']}"

    @property
    def sudoers(self):
        return Path(f"/etc/sudoers.d/saasodoo-{self.short}")

    @property
    def short(self):
        """What the platform's objects outside of its folder are called after."""
        return self.platform[:8]

    @property
    def unit(self):
        return Path(f"/etc/systemd/system/saasodoo-{self.short}.service")

    @property
    def logrotate(self):
        return Path(f"/etc/logrotate.d/saasodoo-{self.short}")

    @property
    def choices(self):
        """The file of what the platform was made with: its folder's mark."""
        return self.run / "platform.env"

    @property
    def venv(self):
        return self.run / "code/venv"

    @property
    def etc(self):
        return self.run / "etc"

    @property
    def helper_socket(self):
        """Where the root helper listens; empty where `jobs` calls it by sudo."""
        return f"{self.run}/helper/helper.sock" if self.on_swarm else ""

    @property
    def log(self):
        return self.run / "log"

    def make(self, target="up"):
        """Return what a person types to have the Makefile do something here."""
        place = "" if self.run == USUAL_RUN else f" RUN_DIR={self.run}"
        return f"make {target}{place}"

    def saasctl(self, words):
        """Return what a person types, in any folder, to run the command line here."""
        place = "" if self.run == USUAL_RUN else f"--run-dir {self.run} "
        return f"sudo {CHECKOUT}/scripts/saasctl {place}{words}"

    def placeholders(self):
        """Return what the templates in config/ may name as ``@name@``."""
        ports = {f"port_{name}": str(port) for name, port in self.ports.items()}
        return ports | {
            "run": str(self.run),
            "platform": self.platform,
            "pg_bin": str(PG_BIN),
            "base_domain": self.base_domain,
            "docker_host": self.docker_host,
            "helper_socket": self.helper_socket,
            "least_retention_days": str(self.least_retention_days),
            # Without a smarthost mail is held: nobody runs its queue.
            "mail_queue": "-q5m" if self.smtp_smarthost else "",
        }


def run_dir(environ=os.environ):
    """Return the folder of the platform that is meant.

    Without links: what is found of it later, like locks held open, has the real path.
    """
    return Path(environ.get("RUN_DIR") or USUAL_RUN).resolve()


def load(environ=os.environ):
    """Read the settings of the platform that RUN_DIR names.

    :raise Failure: where a variable contradicts what the platform was made with
    """
    run = run_dir(environ)
    stored = _read_stored(run / "platform.env")
    if stored:  # one that was made before there was a choice
        stored.setdefault("RUNTIME", "process")
    values = {
        name: _choose(name, environ.get(name), stored.get(name), default)
        for name, default in FIXED.items()
    }
    values |= {
        name: environ.get(name, stored.get(name)) or default
        for name, default in CHANGEABLE.items()
    }
    if not stored:  # what was made with another must be stopped, and go on
        domain.check(values["BASE_DOMAIN"])
    if values["RUNTIME"] not in RUNTIMES:
        known = " or ".join(RUNTIMES)
        raise Failure(f"RUNTIME={values['RUNTIME']} is not {known}", "make up")
    return Settings(
        run=run,
        platform=stored.get("PLATFORM_UUID") or str(uuid.uuid4()),
        port_base=_number("PORT_BASE", values, 1024, 29000),
        uid_base=_number("TENANT_UID_BASE", values, 100000, 2000000000),
        uid_count=_number("TENANT_UID_COUNT", values, 10, 1000000),
        base_domain=values["BASE_DOMAIN"],
        cache=Path(values["CACHE_DIR"]).resolve(),
        node_cores=_number("NODE_CORES", values, 1, 4096),
        node_memory_mb=_number("NODE_MEMORY_MB", values, LEAST_MB, 2**30),
        least_retention_days=_number("LEAST_RETENTION_DAYS", values, 0, 3650),
        odoo_source=_absolute(values["ODOO_SOURCE"]),
        demo=values["DEMO"] != "0",
        runtime=values["RUNTIME"],
        docker_host=_choose_engine(values["RUNTIME"], run, environ, stored),
        tls_cert=_absolute(values["TLS_CERT"]),
        tls_key=_absolute(values["TLS_KEY"]),
        smtp_smarthost=_check_smarthost(values["SMTP_SMARTHOST"]),
        smtp_login_file=_absolute(values["SMTP_LOGIN_FILE"]),
    )


def own_engine_host(run):
    """Return where an engine of the platform's own listens."""
    return f"unix://{run}/docker/docker.sock"


def stored_text(settings):
    """Return the content of platform.env."""
    values = {
        "PLATFORM_UUID": settings.platform,
        "PORT_BASE": settings.port_base,
        "TENANT_UID_BASE": settings.uid_base,
        "TENANT_UID_COUNT": settings.uid_count,
        "BASE_DOMAIN": settings.base_domain,
        "CACHE_DIR": settings.cache,
        "NODE_CORES": settings.node_cores or "",
        "NODE_MEMORY_MB": settings.node_memory_mb or "",
        "LEAST_RETENTION_DAYS": settings.least_retention_days,
        "ODOO_SOURCE": settings.odoo_source,
        "DEMO": "" if settings.demo else "0",
        "RUNTIME": settings.runtime,
        "DOCKER_HOST": settings.docker_host,
        "TLS_CERT": settings.tls_cert,
        "TLS_KEY": settings.tls_key,
        "SMTP_SMARTHOST": settings.smtp_smarthost,
        "SMTP_LOGIN_FILE": settings.smtp_login_file,
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())


def _read_stored(path):
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return {}
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _choose(name, wanted, stored, default):
    if wanted and stored and wanted != stored:
        raise Failure(
            f"this platform was made with {name}={stored}, not {wanted}",
            f"leave {name} out, or choose another RUN_DIR for a platform beside it",
        )
    return wanted or stored or default


def _choose_engine(runtime, run, environ, stored):
    """Return where the engine listens: chosen once, as tenants stay where they are."""
    if runtime != "swarm":
        return ""
    known = stored.get("DOCKER_HOST")
    host = _choose("DOCKER_HOST", environ.get("DOCKER_HOST"), known, "")
    if not host:
        host = f"unix://{ENGINE}" if _listens(ENGINE) else own_engine_host(run)
    if not host.startswith("unix:///"):
        # Tenants' folders are mounted into their containers: it must be this machine.
        cure = "name this machine's engine, or leave DOCKER_HOST out"
        raise Failure(f"DOCKER_HOST={host} is no unix:///path", cure)
    return host


def _listens(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        return client.connect_ex(path) == 0


def _number(name, values, lowest, highest):
    """Return the number that was chosen, or None where the machine decides."""
    text, default = values[name], FIXED.get(name, "")
    if not text and not default:
        return None
    if not text.isdecimal() or not lowest <= int(text) <= highest:
        raise Failure(
            f"{name}={text} is no number from {lowest} to {highest}",
            f"make up {name}={default} or another one",
        )
    return int(text)


def _check_smarthost(text):
    if text in ("", DIRECT) or SMARTHOST.fullmatch(text):
        return text
    raise Failure(
        f"SMTP_SMARTHOST={text} is no host:port",
        f"make up SMTP_SMARTHOST=mail.example.net:587, or {DIRECT}, or empty",
    )


def _absolute(path):
    return str(Path(path).absolute()) if path else ""
