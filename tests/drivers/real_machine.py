"""A machine for tenants: supervisord, nginx and the root helper in a folder."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from drivers.directory import DirectoryDriver
from drivers.errors import InfraError, RetryableInfraError
from drivers.helper import RootHelper
from drivers.nginx import NginxDriver
from drivers.process import ProcessDriver

CHECKOUT = Path(__file__).parents[2]
HERE = Path(__file__).parent
FOLDERS = (
    "code/bin etc data-plane/programs data-plane/locks log/tenants log/nginx "
    "nginx/routes nginx/notice nginx/temp nginx/check"
)
ONLY_POSTGRESQL = "SAASODOO_TEST_ONLY_POSTGRESQL"
STORAGES = ("storage", "small", "other", "ceph-storage", "ceph-other")
PROGRAM = """
[program:nginx]
command=/bin/sh -c "exec /usr/sbin/nginx -e {run}/log/nginx.log -c {run}/etc/nginx.conf"
stdout_logfile=NONE
stderr_logfile=NONE
"""


def wait_until(condition, what, seconds=20):
    """Ask again and again until it is so.

    :return: what the condition gave
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def has_ipv6():
    """Tell whether ::1 is an address of this machine."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


class RealMachine:
    """Lives in a folder that every user may pass through, as tenants must.

    Its servers start with the first driver that talks to one: files need none.
    """

    def __init__(self, platform, uids, ports, public_port, *, with_nginx=True):
        self.platform, self.uids, self.ports = platform, uids, ports
        self.public_port = public_port
        self.run = Path(tempfile.mkdtemp(prefix="saasodoo-drivers-", dir="/var/tmp"))
        self.socket = self.run / "data-plane/supervisor.sock"
        self.storage_uuid = str(uuid4())
        self._with_nginx = with_nginx
        self._supervisor = None

    @classmethod
    @contextmanager
    def started(cls, *arguments, **options):
        machine = cls(*arguments, **options)
        try:
            machine.prepare()
            machine.directory().ensure_sentinel()
            yield machine
        finally:
            machine.end()

    def prepare(self):
        self.run.chmod(0o755)
        for folder in (*FOLDERS.split(), *STORAGES):
            (self.run / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / "scripts/root-helper", self.run / "code/bin")
        helper = self.run / "code/bin/root_helper"
        shutil.copytree(CHECKOUT / "scripts/root_helper", helper)
        shutil.copy(HERE / "stub_tenant.py", self.run / "code/launcher.py")
        shutil.copy(CHECKOUT / "config/tenant.conf", self.run / "code/tenant.conf")
        subprocess.run(["chmod", "-R", "go-w,a+rX", self.run / "code"], check=True)
        self._write_helper_settings()
        for page in (CHECKOUT / "config/nginx/notice").glob("*.html"):
            shutil.copy(page, self.run / "nginx/notice")
        for source in (CHECKOUT / "config/nginx").glob("*.conf"):
            self._render(source.name, source)
        template = CHECKOUT / "config/supervisor/data-plane.conf"
        common, _, _ = template.read_text().partition("[program:")
        common = common.replace("chown=root:saas-jobs\n", "")
        program = PROGRAM.format(run=self.run) if self._with_nginx else ""
        self._render("data-plane.conf", common + program)

    def _write_helper_settings(self):
        settings = {
            "platform": self.platform,
            "uid_base": self.uids.start,
            "uid_count": len(self.uids),
            "port_base": self.ports.start,
            "port_count": len(self.ports),
            "storage_roots": [f"{self.run}/{name}" for name in STORAGES],
            "venv": sys.prefix,
            "launcher": f"{self.run}/code/launcher.py",
            "tenant_addons": f"{self.run}/code",
            "tenant_template": f"{self.run}/code/tenant.conf",
            "programs_dir": f"{self.run}/data-plane/programs",
            "locks_dir": f"{self.run}/data-plane/locks",
            "logs_dir": f"{self.run}/log/tenants",
        }
        (self.run / "etc/helper.json").write_text(json.dumps(settings))

    def _render(self, name, source):
        text = source.read_text() if isinstance(source, Path) else source
        places = {"run": self.run, "minfds": 1024, "port_tenants": self.public_port}
        places |= {"port_master": self.public_port + 1}
        places |= {"port_internal": self.public_port + 2}
        places |= {"port_web": 9, "port_web_socket": 9}
        places |= {"if_ipv6": "" if has_ipv6() else "# ", "if_tenants": ""}
        for key, value in places.items():
            text = text.replace(f"@{key}@", str(value))
        (self.run / "etc" / name).write_text(text)

    def serve(self):
        """Start the servers, once."""
        if self._supervisor:
            return
        assert ONLY_POSTGRESQL not in os.environ, "make test-fast starts no server"
        self.start()
        if self._with_nginx:
            wait_until(self.nginx_runs, "the start of nginx")

    def start(self):
        """Start the supervisor, and wait until it answers."""
        conf = self.run / "etc/data-plane.conf"
        command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", conf]
        self._supervisor = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_until(self._answers, "the start of supervisord")

    def kill(self):
        """Kill the supervisor; what it started lives on."""
        self._supervisor.kill()
        self._supervisor.wait()

    def end(self):
        if self._supervisor:
            self._supervisor.terminate()
            self._supervisor.wait(timeout=60)
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.run)

    def processes(self, uid=None):
        """List the processes of one user, or of all tenants."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                owner = entry.stat().st_uid
                running = entry.name.isdigit() and "State:\tZ" not in (
                    entry / "status"
                ).read_text(errors="replace")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if running and (owner == uid if uid else owner in self.uids):
                found.append(int(entry.name))
        return found

    def helper(self, timeout=30.0):
        return RootHelper((str(self.run / "code/bin/root-helper"),), timeout)

    def process(self, **values):
        self.serve()
        settings = {
            "socket": str(self.socket),
            "helper": self.helper(),
            "platform": self.platform,
        }
        return ProcessDriver(**settings | values)

    def directory(self, root="storage", **values):
        settings = {
            "root": self.root(root),
            "helper": self.helper(),
            "storage_uuid": self.storage_uuid,
            "platform": self.platform,
        }
        return DirectoryDriver(**settings | values)

    def nginx(self, **values):
        self.serve()
        settings = {
            "routes_dir": str(self.run / "nginx/routes"),
            "socket": str(self.socket),
            "conf": str(self.run / "etc/nginx-check.conf"),
            "platform": self.platform,
        }
        return NginxDriver(**settings | values)

    def root(self, name="storage"):
        return str(self.run / name)

    def path(self, spec, root="storage"):
        """Where a tenant's directory lies."""
        return self.run / root / "odoo_instances" / spec.name

    def nginx_runs(self):
        try:
            self.nginx().check()
        except RetryableInfraError:
            return False
        return True

    def _answers(self):
        with socket.socket(socket.AF_UNIX) as client:
            if client.connect_ex(str(self.socket)):
                return False
        try:
            self.process().list_services()
        except InfraError:
            return False
        return True


@contextmanager
def mounted_tmpfs(path, options):
    """Mount a small file system for a moment."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", path], check=True)
