"""Install the Debian packages that are missing, without starting any service."""

import contextlib
import shutil
from pathlib import Path

from .commands import cure_of, own_environment, try_run
from .locks import waiting
from .runner import Failure

# The libraries are those of Exim, which is not installed: see exim.py.
NEEDED = (
    "ca-certificates",
    "curl",
    "fonts-dejavu-core",
    "libdb5.3",
    "libgnutls-dane0",
    "libidn12",
    "libnsl2",
    "libpcre2-8-0",
    "libxml2-utils",
    "logrotate",
    "nginx-light",
    "postgresql-15",
    "python3",
    "python3-venv",
    "shellcheck",
    "sudo",
    "util-linux",
)
PROCESSES = ("nftables",)  # by which each tenant keeps to its port
DOCKER = ("docker.io", "iproute2", "iptables")
KILLBILL = ("maven", "nftables", "openjdk-17-jre-headless")
SOCKET = ("socat",)  # by which a container's `jobs` reaches the root helper
# Packages and their own services, which nobody asked us for.
SERVICES = {
    "docker.io": ("docker.service", "docker.socket"),
    "nginx": ("nginx.service",),
    "postgresql-common": ("postgresql.service",),
    "redis-server": ("redis-server.service",),
}
POLICY = Path("/usr/sbin/policy-rc.d")
FORBID = (
    "#!/bin/sh\n# Of a make up of SaaSOdoo, for as long as it installs.\nexit 101\n"
)
# A mirror that is silent so long is away; https takes it from here too.
APT_GET = ("apt-get", "-q", "-o", "Acquire::http::Timeout=20")
# A download lands where apt-get runs.
IN_FOLDER = 'cd "$1" && shift && exec "$@"'
LOCK = "/run/saasodoo-packages.lock"
LOCK_SECONDS = 300  # Debian's own daily upgrade may hold apt's lock


def needed(settings):
    """Return the packages that a platform needs.

    Another Docker than Debian's is as good; both cannot be installed.
    """
    needed = NEEDED + (KILLBILL if settings.with_killbill else ())
    if not settings.on_swarm:
        return needed + PROCESSES
    programs = ("docker", "dockerd") if settings.own_engine else ("docker",)
    there = all(map(shutil.which, programs))
    return needed + SOCKET + (() if there else DOCKER)


def install_missing(names=NEEDED):
    """Install what is missing of some packages.

    :param names: Debian's names
    :return: what was done, in words
    :raise Failure: when apt cannot get them
    """
    with waiting(LOCK):
        _forget_killed_run()
        lacking = missing(names)
        if not lacking:
            return "nothing missing"
        absent = [name for name in SERVICES if not is_installed(name)]
        try:
            _install(lacking)
        finally:
            _disable(name for name in absent if is_installed(name))
    return "installed " + ", ".join(lacking)


def missing(names):
    """Return which of some packages are not installed.

    :rtype: list[str]
    """
    return [name for name in names if not is_installed(name)]


def is_installed(name):
    """Tell whether dpkg has a package, configured."""
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status}", name]
    result = try_run(query)
    return result.returncode == 0 and result.stdout == "installed"


def first_error(output):
    """Return apt's first complaint, without its prefix; errors before warnings."""
    lines = [line for line in output.splitlines() if line.startswith(("E:", "W:"))]
    return min(lines, key=lambda line: line[0], default="")[2:].strip()


def _install(names):
    # A broken list of somebody else's must not stop us; what counts is the install.
    update = try_run([*APT_GET, "update"], environment=own_environment())
    options = ["-y", "--no-install-recommends"]
    options += ["-o", f"DPkg::Lock::Timeout={LOCK_SECONDS}"]
    command = [*APT_GET, "install", *options, *names]
    with _no_service_starts():
        result = try_run(command, environment=own_environment())
    if result.returncode:
        error = first_error(result.stdout) or first_error(update.stdout)
        cure = "check the network and /etc/apt/sources.list.d, then again"
        if "Could not get lock" in error:
            cure = "wait for the end of the other apt, then again"
        raise Failure(
            f"apt-get cannot install {' '.join(names)}: {error}",
            cure_of(result.stdout + update.stdout, cure),
        )


def _disable(names):
    """Keep Debian's own servers, with their well-known ports, from the next boot."""
    units = [unit for name in names for unit in SERVICES[name]]
    if units and shutil.which("systemctl"):
        try_run(["systemctl", "disable", "--quiet", *units])


def _forget_killed_run():
    if POLICY.exists() and POLICY.read_text() == FORBID:
        POLICY.unlink()


@contextlib.contextmanager
def _no_service_starts():
    """Forbid packages to start their services, as policy-rc.d is there for."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text(FORBID)
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)
