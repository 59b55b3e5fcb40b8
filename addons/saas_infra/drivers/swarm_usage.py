"""What tenants of a swarm use: a collector of ours on each node, read by its log.

The engine hands the logs of all nodes over in one call, over whatever way it is
reached: the collector needs no port, no network and no secret, and no tenant can reach
it. What it wrote is some seconds old; a node whose collector is silent is left out.
"""

import hashlib
import json
import time
from pathlib import Path

from .errors import NotFound, NotOurs
from .specs import Usage
from .swarm_logs import read_lines
from .swarm_spec import PREFIX, SECOND, label
from .swarm_state import container_of, image_of, is_up, name_of

PROGRAM = (Path(__file__).parent / "collector.py").read_text()
_GROUPS = "/groups"
# Older figures are none: their collector is gone. Clocks may differ by some seconds.
_FRESH = 60
# A node with more containers than so many lines of a hundred has no place for more.
_LINES = 20


class Collector:
    """The collectors of a platform on one swarm.

    :param Engine engine: the swarm's
    :param str platform: UUID of this platform
    """

    def __init__(self, engine, platform):
        self._engine = engine
        self._platform = platform
        self._name = f"{PREFIX}_collector_{platform[:8]}"

    def measure(self, tasks):
        """Measure what tenants use; where collectors lack, have them and wait for none.

        :param list tasks: Swarm's tasks of tenants' services
        :return: usage by the service's name; who is new is left out
        :rtype: dict[str, Usage]
        :raise NotOurs: where another platform's service has the collector's name
        """
        serving = sorted(filter(is_up, tasks), key=lambda task: task["CreatedAt"])
        if not serving:
            return {}
        found = self._find()
        # A tenant's image has a Python, and nodes with tenants have it.
        self._ensure(found, image_of(serving[-1]))
        measured = self._read(found) if found else {}
        return {
            name_of(task): Usage(*measured[container])
            for task in serving
            if (container := container_of(task)) in measured
        }

    def _ensure(self, found, image):
        if found and self._is_current(found):
            return
        body = self._build(image)
        if not found:
            self._engine.call("create_service", **body)
        else:
            version = found["Version"]["Index"]
            self._engine.call("update_service", found["ID"], version, **body)

    def _read(self, found):
        """Return what they measured last, by the container's id."""
        since = int(time.time()) - _FRESH
        reports = map(_parse, read_lines(self._engine, found["ID"], _LINES, since))
        measured = {}
        for report in sorted(filter(None, reports), key=lambda one: one["at"]):
            measured |= report["usage"]
        return measured

    def _find(self):
        try:
            found = self._engine.call("inspect_service", self._name)
        except NotFound:
            return None
        labels = found["Spec"].get("Labels") or {}
        if labels.get(label("platform")) != self._platform:
            raise NotOurs(
                f"The service {self._name} exists and is not this platform's.",
                "Ask who made it; it is left as it is.",
            )
        return found

    def _is_current(self, found):
        return found["Spec"]["Labels"].get(label("digest")) == _digest()

    def _build(self, image):
        labels = {
            label("platform"): self._platform,
            label("kind"): "collector",
            label("name"): self._name,
            label("digest"): _digest(),
        }
        return {
            "name": self._name,
            "labels": labels,
            "mode": {"Global": {}},
            "endpoint_spec": {"Mode": "dnsrr"},
            "update_config": {"Parallelism": 0},
            "task_template": {
                "ContainerSpec": _container(image) | {"Labels": labels},
                "Resources": {
                    "Limits": {
                        "NanoCPUs": SECOND // 5,
                        "MemoryBytes": 64 * 1024**2,
                        "Pids": 16,
                    }
                },
                "RestartPolicy": {"Condition": "any", "Delay": 5 * SECOND},
                "LogDriver": {
                    "Name": "json-file",
                    "Options": {"max-size": "1m", "max-file": "2"},
                },
            },
        }


def _container(image):
    return {
        "Image": image,
        "Command": ["python3", "-u", "-c", PROGRAM, _GROUPS],
        "User": "65534:65534",
        "ReadOnly": True,
        "CapabilityDrop": ["ALL"],
        "Privileges": {"NoNewPrivileges": True},
        # The first process of a container is not ended by what it does not wait for.
        "StopSignal": "SIGKILL",
        "Mounts": [
            {
                "Type": "bind",
                "Source": "/sys/fs/cgroup",
                "Target": _GROUPS,
                "ReadOnly": True,
            }
        ],
    }


def _digest():
    """Tell one program from another; which image it runs in does not matter."""
    return hashlib.sha256(PROGRAM.encode()).hexdigest()[:12]


def _parse(line):
    """Read a line of a log; None where it is not the collector's."""
    try:
        return json.loads(line.partition(" ")[2])
    except ValueError:
        return None
