"""What idle tenants cost: memory that is theirs, processor time that they take."""

import os
import statistics
import time
from pathlib import Path

IDLE_SECONDS = 60


def idle_cost(platform, count):
    """Measure the tenants that run, while nobody visits them.

    :param int count: how many there should be
    :return: proportional set size in MiB, percent of one core for all of them
    """
    processes = _tenant_processes(platform)
    assert len(processes) >= count, f"only {len(processes)} tenants run"
    before = {pid: _cpu_seconds(pid) for pid in processes}
    time.sleep(IDLE_SECONDS)
    spent = sum(_cpu_seconds(pid) - before[pid] for pid in processes)
    memory = [_pss(pid) for pid in processes]
    return {
        "idle tenants": {
            "tenants": len(processes),
            "PSS each, MiB (median)": round(statistics.median(memory) / 1024**2, 1),
            "PSS together, MiB": round(sum(memory) / 1024**2),
            "processor, % of one core, all": round(100 * spent / IDLE_SECONDS, 1),
            "seconds watched": IDLE_SECONDS,
        }
    }


def _tenant_processes(platform):
    """List the Odoo processes of this platform's tenants by their user ids."""
    first = int(platform.setting("TENANT_UID_BASE"))
    uids = range(first, first + int(platform.setting("TENANT_UID_COUNT")))
    return [
        path.name
        for path in Path("/proc").iterdir()
        if path.name.isdigit()
        and path.stat().st_uid in uids
        and b"launcher.py" in (path / "cmdline").read_bytes()
        and not (path / "cmdline").read_bytes().startswith(b"flock")
    ]


def _pss(pid):
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"process {pid} tells no Pss")


def _cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
