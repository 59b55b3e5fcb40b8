"""Tenants' directories on one storage, mounted here or at another machine."""

from pathlib import Path

from .errors import NotOurs, PermanentInfraError
from .specs import DirectoryState, Mark
from .storage_view import SENTINEL, HelperView, LocalView

LONG = 600.0  # seconds for a walk through many files


class DirectoryDriver:
    """One storage.

    :param str root: the storage; tenants live in its ``odoo_instances``
    :param RootHelper helper: works on other users' files, where it is mounted
    :param str storage_uuid: what the sentinel file must say
    :param str platform: UUID of this platform
    :param bool remote: mounted where the helper is, and not here
    """

    _ensure_verb = "directory_ensure"
    _list_verb = "directory_list"
    _walks = True  # to measure

    def __init__(self, *, root, helper, storage_uuid, platform, remote=False):
        self._root = Path(root)
        self._view = HelperView(root, helper) if remote else LocalView(root)
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
        return {"total": found.total, "free": found.free}

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
        found = self._look().fence
        if found is None:
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
                name=name,
                mark=Mark.parse(values["mark"]),
                used=values["used"],
                quota=values.get("quota"),  # not told by older releases
            )
            for name, values in found["directories"].items()
        }

    def _look(self):
        """Look at the storage.

        :rtype: Sight
        :raise PermanentInfraError: where it is not mounted, not ours or not writable
        """
        wanted = f"saasodoo-storage:{self._platform}:{self._storage_uuid}"
        found = self._view.see()
        if found.sentinel is None:
            raise PermanentInfraError(
                f"The storage {self._root} is not mounted: it has no {SENTINEL}.",
                cure="Mount it. A new storage is marked when it is added.",
            )
        if found.sentinel != wanted:
            raise NotOurs(f"{self._root} is another storage: {found.sentinel[:120]}.")
        if found.read_only:
            raise PermanentInfraError(
                f"The storage {self._root} is read-only.",
                cure="Find out why the system made it so, then mount it read-write.",
            )
        return found

    def _call(self, verb, **arguments):
        return self._helper.call(verb, root=str(self._root), **arguments)


def _named(spec, database):
    return {"name": spec.name, "mark": str(spec.mark), "database": database}
