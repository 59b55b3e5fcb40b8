"""A platform on a swarm: how it comes and goes, and who uses it."""

import contextlib
import os
import socket
import subprocess
from pathlib import Path

import requests
from people import CHECKOUT, Platform

from scripts.setup import processes
from scripts.testing.platform import loosen
from scripts.testing.swarm_platform import CHOICES


class SwarmPlatform(Platform):
    """What `up` said of it, too.

    :param str said: that
    """

    def __init__(self, said="", run_dir=CHOICES["RUN_DIR"]):
        super().__init__(run_dir)
        self.said = said

    def tenant_url(self, subdomain):
        port = int(self.setting("PORT_BASE")) + 80
        return f"https://{subdomain}.{self.setting('BASE_DOMAIN')}:{port}"

    @property
    def authority(self):
        """The file of the CA that addresses are trusted by."""
        return self.run_dir / "tls/ca.pem"

    def visitor(self):
        return Browser(self)

    def docker(self, *words):
        """Run the engine's own command line; return what it prints."""
        command = ["docker", "-H", self.setting("DOCKER_HOST"), *words]
        return subprocess.run(
            command, check=True, capture_output=True, text=True
        ).stdout.strip()

    def jobs_processes(self):
        """List the processes of the service `jobs`; who starts others comes first."""
        containers = self.docker("ps", "-q", "--filter", "name=-master_jobs.").split()
        if not containers:
            return []
        pids = self.docker("inspect", "-f", "{{.State.Pid}}", *containers).split()
        tops = {int(pid) for pid in pids} - {0}
        return sorted(tops | processes.descendants(tops))

    def containers_of(self, instance):
        """List the running containers of an instance."""
        mark = f"label=saasodoo.mark={self.mark_of(instance)}"
        return self.docker("ps", "-q", "--filter", mark).split()

    def mark_of(self, instance):
        """Return what all that is an instance's carries outside."""
        return f"saasodoo:{self.setting('PLATFORM_UUID')}:{instance['uuid']}"


class Browser(requests.Session):
    """A browser that trusts the platform's CA; see :func:`localhost_is_here`."""

    def __init__(self, platform, other=None):
        """Begin with the cookies of another one, where there is one."""
        super().__init__()
        self.trust_env = False  # it would name other authorities
        self.verify = str(platform.authority)
        if other:
            self.cookies.update(other.cookies)

    def request(self, method, url, **options):
        options.setdefault("timeout", 90)
        options["allow_redirects"] = False
        return super().request(method, url, **options)


@contextlib.contextmanager
def localhost_is_here(domain="localhost", address="127.0.0.1"):
    """Have all names below a domain be this machine, as browsers have localhost.

    :param str address: another machine that they shall be
    """
    look_up = socket.getaddrinfo

    def at_home(host, *arguments, **options):
        local = str(host).endswith(f".{domain}")
        return look_up(address if local else host, *arguments, **options)

    socket.getaddrinfo = at_home
    try:
        yield
    finally:
        socket.getaddrinfo = look_up


def up():
    """Bring the platform up; return what that says."""
    return run("up")


def start():
    """Bring it up from nothing, for tests that purge at once what they made."""
    reset()
    platform = SwarmPlatform(up())
    loosen(platform.settings)
    return platform


def reset():
    """Leave nothing of it."""
    if Path(CHOICES["RUN_DIR"], "platform.env").exists():
        run("reset", YES="1")


def run(command, **variables):
    """Run a command of scripts/up that must end well; return what it says."""
    done = try_run(command, **variables)
    assert done.returncode == 0, done.stdout
    return done.stdout


def try_run(command, **variables):
    """Run a command of scripts/up; return how it ended."""
    return subprocess.run(
        [CHECKOUT / "scripts/up", command],
        env={**os.environ, **CHOICES, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
