"""Tenants' directories on CephFS, which keeps quotas, counts bytes and snapshots.

The storage's root is the platform's own mount. Tenants get theirs from another, whose
login may neither set quotas nor make snapshots.
"""

from datetime import UTC, datetime

from .directory import DirectoryDriver
from .errors import PermanentInfraError

SNAPSHOT = "saasodoo-%Y%m%dT%H%M%SZ"
HOURLY, DAILY = 24, 7


class CephfsDriver(DirectoryDriver):
    """One storage, as :class:`DirectoryDriver` has it.

    Used bytes are those of the files' sizes, some seconds old.
    """

    _ensure_verb = "cephfs_ensure"
    _list_verb = "cephfs_list"
    _walks = False

    def ensure_sentinel(self):
        """Mark the storage, which is seen to be on CephFS first.

        :raise PermanentInfraError: where it is not
        """
        self._check_file_system(self._view.see())
        return super().ensure_sentinel()

    def make_snapshot(self, moment):
        """Keep the whole storage as it is; once for a moment, to the second.

        :param datetime moment: with its time zone
        :return: the snapshot's name
        """
        self.check()
        name = moment.astimezone(UTC).strftime(SNAPSHOT)
        self._call("snapshot_make", name=name)
        return name

    def list_snapshots(self):
        """List the snapshots that this platform made, the oldest first.

        :return: their moments by name
        :rtype: dict[str, datetime]
        """
        self.check()
        return by_moment(self._view.list_snapshots())

    def expire_snapshots(self, hourly=HOURLY, daily=DAILY):
        """Remove what is older than the snapshots that are kept.

        :param int hourly: the newest of each of so many hours are kept
        :param int daily: the newest of each of so many days are kept
        :return: the names of what was removed
        :rtype: list
        """
        names = expired(self.list_snapshots(), hourly, daily)
        if names:
            self._call("snapshots_remove", names=names)
        return names

    def _look(self):
        found = super()._look()
        self._check_file_system(found)
        return found

    def _check_file_system(self, found):
        if not found.on_cephfs:
            raise PermanentInfraError(
                f"The storage {self._root} is not mounted: it is not on CephFS.",
                cure=f"Mount CephFS there: ceph-fuse --id <login> {self._root}",
            )


def by_moment(names):
    """Read the names of snapshots; those of others are left out.

    :return: moments by name, the oldest first
    :rtype: dict[str, datetime]
    """
    found = {}
    for name in sorted(names):
        try:
            found[name] = datetime.strptime(name, SNAPSHOT).replace(tzinfo=UTC)
        except ValueError:
            continue  # made by hand, or of a folder above the storage
    return found


def expired(snapshots, hourly, daily):
    """Choose what goes. Hours and days without a snapshot do not count.

    Thus a platform that was off for a week finds its last day's when it is back.

    :param dict snapshots: moments by name, the oldest first
    :rtype: list
    """
    kept = set()
    for count, span in ((hourly, "%Y%m%d%H"), (daily, "%Y%m%d")):
        newest = {moment.strftime(span): name for name, moment in snapshots.items()}
        kept.update(list(newest.values())[max(len(newest) - count, 0) :])
    return [name for name in snapshots if name not in kept]
