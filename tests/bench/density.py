"""What idle tenants cost: memory that is theirs, processor time that they take."""

import contextlib
import os
import statistics
import time
from pathlib import Path

SETTLE_SECONDS = 60  # what they do right after their start is not what idling costs
IDLE_SECONDS = 60


def idle_cost(platform, count):
    """Measure the tenants that run, while nobody visits them.

    :param int count: how many there should be
    :return: proportional set size in MiB, percent of one core for all of them
    """
    time.sleep(SETTLE_SECONDS)
    before = read_all(_cpu_seconds, _tenant_processes(platform))
    time.sleep(IDLE_SECONDS)
    after = read_all(_cpu_seconds, before)
    memory = read_all(_pss, after)
    assert len(memory) >= count, f"only {len(memory)} of {len(before)} tenants run"
    spent = sum(seconds - before[pid] for pid, seconds in after.items())
    return {
        "idle tenants": {
            "tenants": len(memory),
            "PSS each, MiB (median)": round(
                statistics.median(memory.values()) / 1024**2, 1
            ),
            "PSS together, MiB": round(sum(memory.values()) / 1024**2),
            "processor, % of one core, all": round(100 * spent / IDLE_SECONDS, 1),
            "seconds watched": IDLE_SECONDS,
        }
    }


def read_all(read, pids):
    """Read something of each process; those that have ended are left out.

    :param read: called with the id of a process
    :return: what was read, by process
    :rtype: dict
    """
    found = {}
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found[pid] = read(pid)
    return found


def _tenant_processes(platform):
    """List the Odoo processes of this platform's tenants by their user ids."""
    first = int(platform.setting("TENANT_UID_BASE"))
    uids = range(first, first + int(platform.setting("TENANT_UID_COUNT")))
    pids = [path.name for path in Path("/proc").iterdir() if path.name.isdigit()]
    owners = read_all(lambda pid: Path(f"/proc/{pid}").stat().st_uid, pids)
    ours = [pid for pid, uid in owners.items() if uid in uids]
    commands = read_all(lambda pid: Path(f"/proc/{pid}/cmdline").read_bytes(), ours)
    return [
        pid
        for pid, command in commands.items()
        if b"launcher.py" in command and not command.startswith(b"flock")
    ]


def _pss(pid):
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(f"process {pid} has no memory any more")


def _cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
