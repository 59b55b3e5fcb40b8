"""Debian's Exim, unpacked beside Odoo's tree instead of being installed.

Installed it would take another mail server's place, be set-uid root in reach of
tenants, and listen on port 25. Unpacked it is a program like any other. A newer one, as
Debian makes for security, is taken by the next `make up` once apt's lists know of it.
"""

import os
import re
import shutil

from . import files
from .commands import cure_of, own_environment, run, try_run
from .packages import APT_GET, IN_FOLDER, first_error
from .runner import Failure

PACKAGE = "exim4-daemon-light"
BINARY = "usr/sbin/exim4"


def find_or_unpack(settings):
    """Have Debian's present Exim in the cache.

    :return: what was done, in words
    :raise Failure: when there is none to be had
    """
    wanted = candidate()
    if not wanted:
        try_run([*APT_GET, "update"], environment=own_environment())
        wanted = candidate()
    if wanted and _folder(settings, wanted).exists():
        return "unchanged"
    try:
        return _unpack(settings)
    except Failure:
        if not unpacked(settings):
            raise
        return "unchanged: a newer one cannot be had"


def link(settings):
    """Have the platform run the newest Exim of the cache.

    :return: whether it was another one before
    """
    newest = _folder(settings, unpacked(settings)[-1])
    return files.link(settings.run / "code/exim", newest)


def version(settings):
    """Return the version that the platform runs."""
    return os.readlink(settings.run / "code/exim").rpartition("exim-")[2]


def candidate():
    """Return the version that apt would install now, empty where it knows none."""
    found = try_run(["apt-cache", "policy", PACKAGE]).stdout
    match = re.search(r"^  Candidate: (\S+)$", found, re.M)
    return match[1] if match and match[1] != "(none)" else ""


def unpacked(settings):
    """Return the versions in the cache, the newest last.

    :rtype: list[str]
    """
    found = settings.cache.glob("exim-*")
    found = sorted(found, key=lambda path: path.stat().st_ctime)
    return [path.name.removeprefix("exim-") for path in found]


def _unpack(settings):
    """Download and unpack aside, so that a killed run is no harm."""
    work = settings.cache / ".exim.new"
    shutil.rmtree(work, ignore_errors=True)
    (work / "tree").mkdir(parents=True)
    words = (*APT_GET, "-o", "APT::Sandbox::User=root", "download", PACKAGE)
    command = ["sh", "-c", IN_FOLDER, "sh", work, *words]
    result = try_run(command, environment=own_environment())
    debs = list(work.glob("*.deb"))
    if result.returncode or not debs:
        cure = "check the network and /etc/apt/sources.list.d, then again"
        raise Failure(
            f"Exim cannot be had from Debian: {first_error(result.stdout)}",
            cure_of(result.stdout, cure),
        )
    run(["dpkg-deb", "-x", debs[0], work / "tree"])
    got = run(["dpkg-deb", "-f", debs[0], "Version"]).strip()
    (work / "tree" / BINARY).chmod(0o755)  # no set-uid
    (work / "tree").chmod(0o755)
    shutil.rmtree(_folder(settings, got), ignore_errors=True)
    (work / "tree").rename(_folder(settings, got))
    shutil.rmtree(work)
    return f"unpacked {got}"


def _folder(settings, wanted):
    return settings.cache / f"exim-{wanted}"
