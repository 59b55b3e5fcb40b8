"""Tenants' directories on one storage that is mounted here."""

import os
import queue
import threading
from pathlib import Path

from .errors import NotOurs, PermanentInfraError, RetryableInfraError
from .specs import DirectoryState, Mark

SENTINEL = ".saasodoo-storage"
FENCE = ".saasodoo-fence"
LONG = 600.0  # seconds for a walk through many files
PATIENCE = 10.0  # seconds for a storage to answer


class DirectoryDriver:
    """One storage.

    :param str root: the storage; tenants live in its ``odoo_instances``
    :param RootHelper helper: works on other users' files
    :param str storage_uuid: what the sentinel file must say
    :param str platform: UUID of this platform
    """

    _ensure_verb = "directory_ensure"
    _list_verb = "directory_list"
    _walks = True  # to measure

    def __init__(self, *, root, helper, storage_uuid, platform):
        self._root = Path(root)
        self._helper = helper
        self._storage_uuid = storage_uuid
        self._platform = platform

    def check(self):
        """Make sure that the storage is mounted, ours and writable.

        :raise PermanentInfraError: with the cure
        """
        self._look()

    def room(self):
        """Tell the size of the storage: total and free, in bytes.

        :rtype: dict
        """
        found = self._look()
        return {
            "total": found.f_blocks * found.f_frsize,
            "free": found.f_bavail * found.f_frsize,
        }

    def ensure_sentinel(self):
        """Mark the storage; once, when it is added.

        An unmounted storage looks just like a new one: no other call marks it.

        :raise NotOurs: where it is marked as another
        """
        self._call("storage_sentinel", uuid=self._storage_uuid)

    def read_fence(self):
        """Tell which epoch of the platform holds the storage.

        :return: the epoch, empty where none does yet
        :raise NotOurs: where another platform holds it
        """
        self.check()
        try:
            found = self._read(FENCE)
        except FileNotFoundError:
            return ""
        _, platform, epoch = (found.split(":") + ["", ""])[:3]
        if platform != self._platform:
            raise NotOurs(f"{self._root} is held by another platform: {found[:120]}.")
        return epoch

    def set_fence(self, epoch):
        """Hold the storage for an epoch; looks first.

        :param str epoch: ``<number>-<16 hexadecimal digits>``
        :raise NotOurs: where a later epoch holds it
        """
        if self.read_fence() != epoch:
            self._call("storage_fence", uuid=self._storage_uuid, epoch=epoch)

    def ensure_directory(self, spec):
        """Make the tenant's directory with its owners and modes.

        :raise NotOurs: where a directory of that name carries another mark
        """
        self.check()
        self._call(
            self._ensure_verb,
            name=spec.name,
            mark=str(spec.mark),
            uid=spec.uid,
            quota=spec.quota,
        )

    def copy_filestore(self, spec, source, source_database, database, source_root=None):
        """Copy a template's filestore to a tenant's.

        :param DirectorySpec spec: the tenant's directory
        :param DirectorySpec source: the template's
        :param str source_database: name of the template database
        :param str database: name of the tenant's
        :param str|None source_root: the template's storage, where it is another
        """
        self.check()
        self._call(
            "directory_copy",
            source=_named(source, source_database),
            target=_named(spec, database),
            source_root=source_root,
            timeout=LONG,
        )

    def set_quota(self, spec):
        """Change the quota; a plain directory's is kept by measuring."""
        self.ensure_directory(spec)

    def remove_directory(self, spec):
        """Remove the tenant's directory with all that is in it.

        :raise NotOurs: where a directory of that name carries another mark
        """
        self.check()
        mark = str(spec.mark)
        self._call("directory_remove", name=spec.name, mark=mark, timeout=LONG)

    def list_directories(self, measure=False, only=None):
        """List the directories of this platform.

        :param bool measure: tell the bytes that they take too
        :param list|None only: the names to look for, where not all are wanted
        :rtype: dict[str, DirectoryState]
        :raise PermanentInfraError: where the storage is not mounted
        """
        self.check()
        timeout = LONG if measure and self._walks else None
        found = self._call(self._list_verb, measure=measure, only=only, timeout=timeout)
        return {
            name: DirectoryState(
                name=name, mark=Mark.parse(values["mark"]), used=values["used"]
            )
            for name, values in found["directories"].items()
        }

    def _look(self):
        wanted = f"saasodoo-storage:{self._platform}:{self._storage_uuid}"
        try:
            found = self._read(SENTINEL)
            volume = self._in_time(os.statvfs, self._root)
        except FileNotFoundError as error:
            raise PermanentInfraError(
                f"The storage {self._root} is not mounted: it has no {SENTINEL}.",
                cure="Mount it. A new storage is marked when it is added.",
            ) from error
        except OSError as error:
            raise PermanentInfraError(
                f"The storage {self._root} cannot be read: {error.strerror}.",
                cure="Look at the mount, and at the rights of the folders above it.",
            ) from error
        if found != wanted:
            raise NotOurs(f"{self._root} is another storage: {found[:120]}.")
        if volume.f_flag & os.ST_RDONLY:
            raise PermanentInfraError(
                f"The storage {self._root} is read-only.",
                cure="Find out why the system made it so, then mount it read-write.",
            )
        return volume

    def _read(self, name):
        return self._in_time((self._root / name).read_text).strip()

    def _in_time(self, ask, *arguments):
        """Ask in a thread that may be left behind: a dead mount holds who touches it.

        :raise RetryableInfraError: where the storage does not answer
        """
        answers = queue.SimpleQueue()

        def run():
            try:
                answers.put((ask(*arguments), None))
            except OSError as error:
                answers.put((None, error))

        threading.Thread(target=run, daemon=True).start()
        try:
            answer, error = answers.get(timeout=PATIENCE)
        except queue.Empty:
            raise RetryableInfraError(
                f"The storage {self._root} does not answer.",
                cure="Look at its mount, and at the server behind it.",
            ) from None
        if error:
            raise error
        return answer

    def _call(self, verb, **arguments):
        return self._helper.call(verb, root=str(self._root), **arguments)


def _named(spec, database):
    return {"name": spec.name, "mark": str(spec.mark), "database": database}
