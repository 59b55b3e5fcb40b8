"""What is seen of a storage: where it is mounted here, or at another machine."""

import os
import queue
import threading
from dataclasses import dataclass
from pathlib import Path

from .errors import PermanentInfraError, RetryableInfraError

SENTINEL = ".saasodoo-storage"
FENCE = ".saasodoo-fence"
USED = "ceph.dir.rbytes"  # an attribute that all folders of CephFS have
PATIENCE = 10.0  # seconds for a storage to answer


@dataclass(frozen=True, kw_only=True)
class Sight:
    """A storage as it was seen; sizes in bytes, texts None where there is no file."""

    sentinel: str | None
    fence: str | None
    total: int
    free: int
    read_only: bool
    on_cephfs: bool


class LocalView:
    """A storage that is mounted here, looked at without root.

    :param str root: the storage
    """

    def __init__(self, root):
        self._root = Path(root)

    def see(self):
        """Look at the storage.

        :rtype: Sight
        """
        return self._in_time(self._see)

    def list_snapshots(self):
        """List the names of all snapshots of the root.

        :rtype: list[str]
        """
        return self._in_time(lambda: os.listdir(self._root / ".snap"))

    def _see(self):
        volume = os.statvfs(self._root)
        return Sight(
            sentinel=self._read(SENTINEL),
            fence=self._read(FENCE),
            total=volume.f_blocks * volume.f_frsize,
            free=volume.f_bavail * volume.f_frsize,
            read_only=bool(volume.f_flag & os.ST_RDONLY),
            on_cephfs=self._is_on_cephfs(),
        )

    def _read(self, name):
        try:
            return (self._root / name).read_text().strip()
        except FileNotFoundError:
            return None

    def _is_on_cephfs(self):
        try:
            return bool(os.getxattr(self._root, USED))
        except OSError:
            return False

    def _in_time(self, ask):
        """Ask in a thread that may be left behind: a dead mount holds who touches it.

        :raise RetryableInfraError: where the storage does not answer
        """
        answers = queue.SimpleQueue()

        def run():
            try:
                answers.put((ask(), None))
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
        if isinstance(error, FileNotFoundError):
            raise PermanentInfraError(
                f"The storage {self._root} is not mounted: it has no such folder.",
                cure="Mount it.",
            ) from error
        if error:
            raise PermanentInfraError(
                f"The storage {self._root} cannot be read: {error.strerror}.",
                cure="Look at the mount, and at the rights of the folders above it.",
            ) from error
        return answer


class HelperView:
    """A storage that is mounted where the root helper is: it looks for us.

    :param str root: the storage, as it is called there
    :param RootHelper helper: the way to it
    """

    def __init__(self, root, helper):
        self._root = str(root)
        self._helper = helper

    def see(self):
        """Look at the storage.

        :rtype: Sight
        """
        return Sight(**self._helper.call("storage_look", root=self._root))

    def list_snapshots(self):
        """List the names of all snapshots of the root.

        :rtype: list[str]
        """
        return self._helper.call("snapshots_list", root=self._root)["names"]
