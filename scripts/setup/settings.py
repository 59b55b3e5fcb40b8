"""Where a platform lies, and which ports and users are its own."""

import os
from dataclasses import dataclass
from pathlib import Path

from . import domain

CHECKOUT = Path(__file__).resolve().parents[2]
USUAL_RUN = CHECKOUT / ".run"
LEAST_MB, RESERVED_MB = 512, 1024
MODULES = ("saas_infra", "saas_master")
BILLING_MODULES = {"killbill": "saas_billing_killbill"}
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
    billing: str
    killbill_war: str
    killbill_test_mode: bool
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
    def with_killbill(self):
        """Whether a Kill Bill of the platform's own decides what customers owe."""
        return self.billing == "killbill"

    @property
    def modules(self):
        """The add-ons that the master is made of."""
        billing = BILLING_MODULES.get(self.billing)
        return (*MODULES, billing) if billing else MODULES

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
        if self.with_killbill:
            offsets["killbill"] = 48
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


def own_engine_host(run):
    """Return where an engine of the platform's own listens."""
    return f"unix://{run}/docker/docker.sock"
