"""What idle tenants cost: memory that is theirs, processor time that they take."""

import contextlib
import os
import statistics
import time
from pathlib import Path

SETTLE_SECONDS = 60  # what they do right after their start is not what idling costs
IDLE_SECONDS = 60
ENGINE = {"dockerd", "containerd", "containerd-shim"}


def idle_cost(platform, count, *, on_swarm):
    """Measure the tenants that run, while nobody visits them.

    :param int count: how many there should be
    :param bool on_swarm: whether engine and Traefik are measured, too
    :return: proportional set size in MiB, percent of one core for all of them
    """
    time.sleep(SETTLE_SECONDS)
    tenants = _tenant_processes(platform)
    others = _servers(platform) if on_swarm else {}
    groups = {"tenants": tenants, **others}
    before = {name: read_all(_cpu_seconds, pids) for name, pids in groups.items()}
    time.sleep(IDLE_SECONDS)
    cores = {name: _percent_since(known) for name, known in before.items()}
    memory = read_all(_pss, tenants)
    assert len(memory) >= count, f"only {len(memory)} of {len(tenants)} tenants run"
    figures = {
        "tenants": len(memory),
        "PSS each, MiB (median)": round(statistics.median(memory.values()), 1),
        "PSS together, MiB": round(sum(memory.values())),
        "processor, % of one core, all": cores["tenants"],
    }
    for name, pids in others.items():
        figures[f"{name}, MiB"] = round(memory_of(pids))
        figures[f"{name}, % of one core"] = cores[name]
    return {"idle tenants": figures | {"seconds watched": IDLE_SECONDS}}


def memory_of(pids):
    """Return the proportional set size of processes together, in MiB."""
    return sum(read_all(_pss, pids).values())


def pids_of_service(platform, name):
    """List the processes in the containers of one of the platform's own services."""
    service = f"saasodoo-{platform.setting('PLATFORM_UUID')[:8]}_{name}"
    label = f"label=com.docker.swarm.service.name={service}"
    return [
        pid
        for container in platform.docker("ps", "-q", "--filter", label).split()
        for pid in platform.docker("top", container, "-eo", "pid").split()[1:]
    ]


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


def _servers(platform):
    """Return the processes of what tenants need on a swarm, by what people call it."""
    return {
        # Whose processes the health checks are: they are begun again and again.
        "engine with health checks": _engine_processes(platform),
        "Traefik": pids_of_service(platform, "traefik"),
    }


def _engine_processes(platform):
    """List the engine's own: of one that is not ours, all that are called so."""
    folder = str(platform.run_dir / "docker")
    ours = folder if folder in platform.setting("DOCKER_HOST") else ""
    names = read_all(lambda pid: Path(f"/proc/{pid}/comm").read_text(), _all_pids())
    found = [pid for pid, name in names.items() if name.strip()[:15] in ENGINE]
    return [pid for pid, words in _commands(found).items() if ours.encode() in words]


def _tenant_processes(platform):
    """List the Odoo processes of this platform's tenants by their user ids."""
    first = int(platform.setting("TENANT_UID_BASE"))
    uids = range(first, first + int(platform.setting("TENANT_UID_COUNT")))
    owners = read_all(lambda pid: Path(f"/proc/{pid}").stat().st_uid, _all_pids())
    ours = [pid for pid, uid in owners.items() if uid in uids]
    return [
        pid
        for pid, command in _commands(ours).items()
        if b"launcher.py" in command and not command.startswith(b"flock")
    ]


def _all_pids():
    return [path.name for path in Path("/proc").iterdir() if path.name.isdigit()]


def _commands(pids):
    return read_all(lambda pid: Path(f"/proc/{pid}/cmdline").read_bytes(), pids)


def _pss(pid):
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(f"process {pid} has no memory any more")


def _percent_since(before):
    """Return what processes that still run have taken of one core meanwhile."""
    after = read_all(_cpu_seconds, before)
    spent = sum(seconds - before[pid] for pid, seconds in after.items())
    return round(100 * spent / IDLE_SECONDS, 1)


def _cpu_seconds(pid):
    """Return what it has spent, with what it began and has seen the end of."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
