"""Whatever runs as one of the platform's tenants, known to a supervisor or not."""

import contextlib
import time
from pathlib import Path

from ..root_helper import listeners, programs
from ..root_helper import settings as helper_settings
from ..root_helper.errors import HelperError
from . import processes
from .commands import run
from .environment import PYTHON
from .runner import Failure

PATIENCE_SECONDS = 20
# As the tenant it reaches nobody else's, all at once: nobody can fork away. Its real
# user is nobody's, so that those whom it ends cannot stop it first.
KILL = """
import os, signal, sys
nobody, user = 0x7FFFFF00, int(sys.argv[1])
os.setgroups([])
os.setresgid(nobody, user, nobody)
os.setresuid(nobody, user, nobody)
try:
    os.kill(-1, signal.SIGKILL)
except ProcessLookupError:
    pass
"""


def hold_to_ports(settings):
    """Have the kernel let no tenant answer on another's port, before any is started.

    The helper does so with each that it writes; no rule outlives a reboot.

    :raise Failure: where the kernel refuses
    """
    helper = _helper(settings)
    try:
        listeners.apply(helper, programs.headers(helper))
    except HelperError as error:
        raise Failure(error.message, error.cure) from error


def are_held_to_ports(settings):
    """Tell whether the kernel holds all tenants to their ports."""
    helper = _helper(settings)
    return listeners.are_applied(helper, programs.headers(helper))


def forget_ports(settings):
    """Have the kernel forget the platform's tenants.

    Where it refuses, or nothing was installed yet, it never knew of them.
    """
    with contextlib.suppress(HelperError, FileNotFoundError):
        listeners.remove(_helper(settings))


def end_all(settings):
    """End every process with one of the tenants' user ids.

    A daemon that a tenant started and that closed its files holds no lock of ours.

    :return: what was done, in words
    :raise Failure: when some do not end
    """
    # The rule claims these user ids: without it they may be another platform's.
    users = _users(settings) if settings.sudoers.exists() else set()
    if not users:
        return "none left"
    ended, deadline = set(users), time.monotonic() + PATIENCE_SECONDS
    while users:
        if time.monotonic() > deadline:
            names = ", ".join(map(str, sorted(users)))
            raise Failure(f"processes of the users {names} do not end", "once more")
        for user in users:
            run([PYTHON, "-c", KILL, user])
        time.sleep(0.05)
        users = _users(settings)
        ended |= users
    return f"ended what {len(ended)} tenants had left"


def _helper(settings):
    """Return what the root helper knows of the platform."""
    return helper_settings.parse(settings.etc / "helper.json")


def _users(settings):
    """Return those of the tenants' user ids that something runs as."""
    pids = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    users = {processes.user_of(pid) for pid in pids if processes.is_alive(pid)}
    return users & {*range(settings.uid_base, settings.uid_last + 1)}
