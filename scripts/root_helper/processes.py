"""Tenants' processes: end them, measure them, read their logs."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from . import checks, programs
from .errors import Retryable

PATIENCE = 10.0  # seconds from TERM to KILL
SIGNALLING = 5.0  # seconds that it may take to signal all of a user's processes
NOBODYS_UID = 0x7FFF_FF00  # given to no user
LONGEST_TAIL = 256 * 1024  # bytes
LOG_LIMIT = 20 * 1024**2  # bytes
LOG_KEPT = 4 * 1024**2  # bytes


def end(settings, name, mark, uid, told=0):
    """End all processes of a tenant's user, whoever started them.

    Where another program has that user, nothing of this one ever ran.

    :param int told: a process that was asked to end already; Odoo takes a second
        signal for an order to drop what it is doing
    """
    checks.number("uid", uid, settings.uids)
    checks.number("pid", told, range(1 << 22))
    programs.own(settings, name, mark)
    for _, found in programs.headers(settings):
        if found["uid"] == str(uid) and found["mark"] != mark:
            return
    _signal(uid, [pid for pid in _pids_of(uid) if pid != told], signal.SIGTERM)
    if not _ended(uid):
        _signal(uid, [-1], signal.SIGKILL)  # all at once: nobody can fork away
        if not _ended(uid):
            raise Retryable(f"Processes of user {uid} do not end.")


def usage(settings):
    """Measure memory and processor time of all tenants in one walk.

    Logs that grew too long are shortened on the way: this is asked for regularly.
    """
    by_uid = {}
    for pid, uid in _processes():
        if uid in settings.uids:
            memory, seconds = by_uid.get(uid, (0, 0.0))
            more_memory, more_seconds = _measure(pid)
            by_uid[uid] = (memory + more_memory, seconds + more_seconds)
    measured = {}
    for name, found in programs.headers(settings):
        with suppress(OSError):  # one log is no reason to measure nobody
            _shorten(programs.log_path(settings, name))
        if int(found["uid"] or -1) in by_uid:
            measured[name] = by_uid[int(found["uid"])]
    return {"usage": measured}


def log_tail(settings, name, mark, lines):
    """Read the last lines of a program's log."""
    checks.number("lines", lines, range(1, 5001))
    path = programs.log_path(settings, name)
    if not programs.own(settings, name, mark) or not path.exists():
        return {"text": ""}
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        content = _read_end(file, LONGEST_TAIL).decode(errors="replace")
    # A database keeps no text with a NUL in it.
    return {"text": "\n".join(content.replace("\0", "").splitlines()[-lines:])}


def _read_end(file, size):
    """Read the end of a file, in bounds: its writer may lengthen it meanwhile."""
    file.seek(max(0, file.seek(0, os.SEEK_END) - size))
    return file.read(size)


def _shorten(path):
    """Keep the end of a long log; its writers append, so they go on at the new end."""
    if not path.exists() or path.stat().st_size <= LOG_LIMIT:
        return
    with open(os.open(path, os.O_RDWR | os.O_NOFOLLOW), "r+b") as file:
        kept = _read_end(file, LOG_KEPT)
        file.seek(0)
        file.truncate()
        file.write(kept)


def _ended(uid):
    deadline = time.monotonic() + PATIENCE
    while running := _pids_of(uid):
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    return not running


def _signal(uid, pids, sign):
    """Signal processes by a child that can reach nobody else's.

    What it may do is told by its effective user; its real one is nobody's, so that
    those whom it ends cannot stop it first.
    """
    child = os.fork() if pids else None
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(NOBODYS_UID, uid, NOBODYS_UID)
            os.setresuid(NOBODYS_UID, uid, NOBODYS_UID)
            for pid in pids:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, sign)
        finally:
            os._exit(0)
    elif child:
        _wait_for(child)


def _wait_for(child):
    deadline = time.monotonic() + SIGNALLING
    while not os.waitpid(child, os.WNOHANG)[0]:
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return
        time.sleep(0.002)


def _processes():
    """Go through all processes: id and real user; a zombie is none."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # A process chooses its name, bytes that are no text included.
            lines = (entry / "status").read_text(errors="replace").split("\n")
        except (FileNotFoundError, ProcessLookupError):
            continue
        values = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        if not values["State"].startswith("Z"):
            yield int(entry.name), int(values["Uid"].split()[0])


def _pids_of(uid):
    return [pid for pid, owner in _processes() if owner == uid]


def _measure(pid):
    """Measure one process.

    :return: proportional set size in bytes, processor time in seconds
    """
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return 0, 0.0
    fields = stat.rpartition(")")[2].split()
    pss = next((line for line in rollup.splitlines() if line.startswith("Pss:")), "")
    memory = int(pss.split()[1]) * 1024 if pss else 0
    # user, system, and the same of children that were waited for
    return memory, sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
