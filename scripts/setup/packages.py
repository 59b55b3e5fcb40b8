"""Install the Debian packages that are missing, without starting any service."""

import contextlib
from pathlib import Path

from .commands import own_environment, try_run
from .runner import Failure

NEEDED = (
    "ca-certificates",
    "curl",
    "fonts-dejavu-core",
    "libxml2-utils",
    "nginx-light",
    "postgresql-15",
    "python3",
    "python3-venv",
    "shellcheck",
    "sudo",
    "util-linux",
)
POLICY = Path("/usr/sbin/policy-rc.d")


def install_missing(names=NEEDED):
    """Install what is missing of some packages.

    :param names: Debian's names
    :return: what was done, in words
    :raise Failure: when apt cannot get them
    """
    missing = [name for name in names if not is_installed(name)]
    if not missing:
        return "nothing missing"
    # A broken list of somebody else's must not stop us; what counts is the install.
    update = try_run(["apt-get", "update", "-q"], environment=own_environment())
    command = ["apt-get", "install", "-qy", "--no-install-recommends", *missing]
    with _no_service_starts():
        result = try_run(command, environment=own_environment())
    if result.returncode:
        raise Failure(
            f"apt-get cannot install {' '.join(missing)}: "
            f"{first_error(result.stdout) or first_error(update.stdout)}",
            "check the network and /etc/apt/sources.list.d, then again",
        )
    return "installed " + ", ".join(missing)


def is_installed(name):
    """Tell whether dpkg has a package, configured."""
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status}", name]
    result = try_run(query)
    return result.returncode == 0 and result.stdout == "installed"


def first_error(output):
    """Return apt's first complaint, without its prefix; errors before warnings."""
    lines = [line for line in output.splitlines() if line.startswith(("E:", "W:"))]
    return min(lines, key=lambda line: line[0], default="")[2:].strip()


@contextlib.contextmanager
def _no_service_starts():
    """Forbid packages to start their services, as policy-rc.d is there for."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)
