"""The outside world in one JSON file, with faults on demand and a log of calls."""

import fcntl
import json
import os
from contextlib import contextmanager
from pathlib import Path

from .. import errors
from ..specs import Mark

EMPTY = {
    "roles": {},
    "databases": {},
    "directories": {},
    "services": {},
    "tasks": {},
    "secrets": {},
    "routes": {},
    "logins": {},
    "tenants": {},
    "nodes": {"localhost": 0.5},
    "images": [],
    "certified_until": "",
    "mounted": True,
    "blank": [],
    "fence": "",
    "snapshots": {},
    "faults": [],
    "log": [],
}


class World:
    """All that fakes know; any number of processes may share it.

    :param str|Path path: the file; made on first use
    """

    def __init__(self, path):
        self.path = Path(path)

    @contextmanager
    def change(self):
        """Read the world, alone; it is written when the block ends without error."""
        with open(f"{self.path}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = self._read()
            yield state
            self._write(state)

    @property
    def log(self):
        """The calls so far: ``driver.method name``, in order."""
        return self._read()["log"]

    def read(self, part):  # pylint: disable=method-required-super
        """Read one part of the world: databases, services, routes …"""
        return self._read()[part]

    def fail_next(self, call, error, *, after=False):
        """Have the next such call fail.

        :param str call: ``driver.method``
        :param InfraError error: what it raises
        :param bool after: fail when the work is done, as a lost answer does
        """
        kind = type(error).__name__
        self._add_fault(
            call, kind, error.message, error.cure, "after" if after else "before"
        )

    def exit_next(self, call, when):
        """Have the next such call end its process, as a SIGKILL does.

        :param str when: before, in or after its work
        """
        self._add_fault(call, "exit", "", "", when)

    def _add_fault(self, *fault):
        with self.change() as state:
            state["faults"].append(fault)

    def take_fault(self, call, when):
        """Raise or exit where that was asked for; a fault is spent once."""
        with self.change() as state:
            fault = _pop_fault(state, call, when)
        _happen(fault)

    def die_halfway(self, state, call):
        """Write a half changed world and exit, where that was asked for."""
        if fault := _pop_fault(state, call, "in"):
            self._write(state)
            _happen(fault)

    def _read(self):
        try:
            return json.loads(self.path.read_text())
        except FileNotFoundError:
            return json.loads(json.dumps(EMPTY))

    def _write(self, state):
        aside = Path(f"{self.path}.new")
        aside.write_text(json.dumps(state))
        aside.rename(self.path)


def _pop_fault(state, call, when):
    for fault in state["faults"]:
        if fault[0] == call and fault[4] == when:
            state["faults"].remove(fault)
            return fault
    return None


def _happen(fault):
    if not fault:
        return
    _, kind, message, cure, _ = fault
    if kind == "exit":
        os._exit(9)
    raise getattr(errors, kind)(message, cure)


class FakeDriver:
    """What all fakes share.

    :param str|Path world: the world's file
    :param str platform: UUID of this platform
    """

    kind = ""

    def __init__(self, world, platform):
        self.world = World(world)
        self._platform = platform

    @contextmanager
    def _call(self, method, name=""):
        """Run one call of the driver: faults, log, and the world to change."""
        call = f"{self.kind}.{method}"
        with self.world.change() as state:
            state["log"].append(f"{call} {name}".strip())
        self.world.take_fault(call, "before")
        with self.world.change() as state:
            yield state
        self.world.take_fault(call, "in")  # of a call that is all one step
        self.world.take_fault(call, "after")

    def _halfway(self, state, method):
        """Mark the place where a call that takes several steps may die."""
        self.world.die_halfway(state, f"{self.kind}.{method}")

    def _own(self, objects, name, mark):
        """Look an object up.

        :return: it, None where there is none
        :raise NotOurs: where it carries another mark
        """
        found = objects.get(name)
        if found and found["mark"] != str(mark):
            raise errors.NotOurs(f"{name} exists and is not this instance's.")
        return found

    def _ours(self, objects):
        """Go through the objects of this platform: name, mark, object."""
        for name, found in objects.items():
            mark = Mark.parse(found["mark"])
            if mark and mark.platform == self._platform:
                yield name, mark, found
