"""A machine with storages and no tenants, reached over SSH as set-up prepares it."""

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from drivers.cephfs import CephfsDriver
from drivers.directory import DirectoryDriver
from drivers.helper_ssh import SshHelper
from real_sshd import RealSshd

from scripts.setup import storage_host

PORT = 23224
KINDS = {"directory": DirectoryDriver, "cephfs": CephfsDriver}


class RealStorageHost:
    """The storages are another test machine's: its programs are not used."""

    def __init__(self, machine, sshd):
        self.machine, self.sshd = machine, sshd
        self.run = Path(tempfile.mkdtemp(prefix="saasodoo-storages-", dir="/var/tmp"))

    @classmethod
    @contextmanager
    def started(cls, machine):
        with RealSshd.started(port=PORT) as sshd:
            host = cls(machine, sshd)
            try:
                for name in ("storage", "other", "ceph-storage", "ceph-other"):
                    host.prepare(host.root(name))
                host.directory().ensure_sentinel()
                yield host
            finally:
                shutil.rmtree(host.run)

    def prepare(self, root):
        """Let the key work on a storage, as `make storage-host` does."""
        uids = f"{self.machine.uids.start}-{self.machine.uids.stop - 1}"
        line = storage_host.install(
            self.run, root, self.machine.platform, uids, self.sshd.public_key
        )
        self.sshd.admit(line)

    def helper(self, **login):
        return SshHelper(self.sshd.address, self.sshd.login(**login))

    def directory(self, root="storage", kind="directory", **values):
        """Return the driver of a storage, with nothing of it mounted here."""
        settings = {
            "root": self.root(root),
            "helper": self.helper(),
            "storage_uuid": self.machine.storage_uuid,
            "platform": self.machine.platform,
            "remote": True,
        }
        return KINDS[kind](**settings | values)

    def root(self, name="storage"):
        return self.machine.root(name)
