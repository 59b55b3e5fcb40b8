from datetime import UTC

from ..cephfs import DAILY, HOURLY, SNAPSHOT, by_moment, expired
from .directory import FakeDirectoryDriver


class FakeCephfsDriver(FakeDirectoryDriver):
    """Its quotas hold nobody; its snapshots are names."""

    kind = "cephfs"

    def make_snapshot(self, moment):
        name = moment.astimezone(UTC).strftime(SNAPSHOT)
        with self._call("make_snapshot", name) as state:
            self._check(state)
            found = state["snapshots"].setdefault(self._root, [])
            found[:] = sorted({*found, name})
        return name

    def list_snapshots(self):
        with self._call("list_snapshots") as state:
            self._check(state)
            return by_moment(state["snapshots"].get(self._root, []))

    def expire_snapshots(self, hourly=HOURLY, daily=DAILY):
        names = expired(self.list_snapshots(), hourly, daily)
        with self._call("expire_snapshots") as state:
            found = state["snapshots"].get(self._root, [])
            found[:] = [name for name in found if name not in names]
        return names
