"""Tell what the containers of a machine use: every while, lines with all of them.

It runs on each node of a swarm, as the program of a container that reads the control
groups and can do nothing else. What it says is its log: no port is open for it, and
whoever may read logs of the swarm needs nothing more. It is handed over as text, so it
imports nothing of ours.
"""

import json
import os
import re
import sys
import time
from pathlib import Path

PAUSE = 5
# A line of a log is cut after 16 KiB.
AT_ONCE = 100
_CONTAINER = re.compile(r"(?:docker-)?([0-9a-f]{64})(?:\.scope)?")


def measure(root):
    """Measure all containers whose control groups are below a folder.

    :param Path root: where the control groups are mounted, of version 1 or 2
    :return: bytes in use, seconds of processor time, seconds that it waited for its
        share, how many processes the lack of memory killed, and how many were refused
        because it had as many as it may, by the container's id
    :rtype: dict[str, list]
    """
    unified = (root / "cgroup.controllers").exists()
    read = _read_unified if unified else _read_divided
    found = {}
    for container, place in _find(root if unified else root / "memory"):
        try:
            found[container] = read(root, place)
        except OSError:  # it ended meanwhile
            continue
    return found


def tell(measured, at):
    """Put it into lines that a log does not cut.

    :param dict measured: what :func:`measure` returned
    :param int at: seconds since 1970
    """
    items = sorted(measured.items())
    for first in range(0, len(items), AT_ONCE):
        part = dict(items[first : first + AT_ONCE])
        yield json.dumps({"at": at, "usage": part}, separators=(",", ":"))


def _find(root):
    for folder, names, _ in os.walk(root):
        for name in list(names):
            if match := _CONTAINER.fullmatch(name):
                names.remove(name)
                yield match[1], os.path.relpath(os.path.join(folder, name), root)


def _read_unified(root, place):
    group = root / place
    processor = _read_table(group / "cpu.stat")
    return [
        _read_number(group / "memory.current")
        - _read_table(group / "memory.stat")["inactive_file"],
        processor["usage_usec"] / 10**6,
        processor.get("throttled_usec", 0) / 10**6,
        _read_table(group / "memory.events").get("oom_kill", 0),
        _read_table(group / "pids.events")["max"],
    ]


def _read_divided(root, place):
    memory = root / "memory" / place
    return [
        _read_number(memory / "memory.usage_in_bytes")
        - _read_table(memory / "memory.stat")["total_inactive_file"],
        _read_number(root / "cpuacct" / place / "cpuacct.usage") / 10**9,
        _read_table(root / "cpu" / place / "cpu.stat")["throttled_time"] / 10**9,
        _read_table(memory / "memory.oom_control").get("oom_kill", 0),
        _read_table(root / "pids" / place / "pids.events")["max"],
    ]


def _read_number(path):
    return int(path.read_text())


def _read_table(path):
    lines = map(str.split, path.read_text().splitlines())
    return {key: int(value) for key, value in lines}


if __name__ == "__main__":
    while True:
        for line in tell(measure(Path(sys.argv[1])), int(time.time())):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        time.sleep(PAUSE)
