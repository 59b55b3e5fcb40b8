"""What CephFS keeps by itself: quotas, used bytes and snapshots.

All of it is asked and set at a mount whose login has the flags p and s at the MDS;
tenants reach their directories by another, whose login has neither.
"""

import errno
import os
from contextlib import contextmanager, suppress

from . import checks, directories
from .errors import Permanent
from .settings import resolve_root

QUOTA = "ceph.quota.max_bytes"  # 0 is none
USED = "ceph.dir.rbytes"
# Apart from the filestore's, which is what the tenant bought: a full tenant logs in.
QUOTAS = {"addons": 512 << 20, "sessions": 128 << 20, "tmp": 1 << 30}


def ensure(settings, root, name, mark, uid, quota):
    """Make a directory or set it straight, with its quotas."""
    made = directories.ensure(settings, root, name, mark, uid, quota)
    with _privileged(root, "p"):
        for folder in directories.OWN_FOLDERS:
            value = str(QUOTAS.get(folder, quota)).encode()
            # Root alone can write above the folder: nobody puts a link in its place.
            path = f"{made['path']}/{folder}"
            os.setxattr(path, QUOTA, value, follow_symlinks=False)
    return made


def list_all(settings, root, measure, only=None):
    """List this platform's directories as CephFS has them: quotas, and bytes if asked.

    The marker is written before the quota is set: only CephFS knows which one holds.
    """
    found = directories.list_all(settings, root, measure=False, only=only)
    for name, values in found["directories"].items():
        path = f"{root}/{directories.INSTANCES}/{name}"
        values["quota"] = _read(f"{path}/filestore", QUOTA)
        if measure:
            values["used"] = _read(path, USED)
    return found


def make_snapshot(settings, root, name):
    """Make a snapshot of a whole storage, where there is none of that name."""
    with _privileged(root, "s"), suppress(FileExistsError):
        os.mkdir(_snapshot(settings, root, name))


def list_snapshots(settings, root):
    """List the names of a storage's snapshots, those of others too."""
    return {"names": os.listdir(resolve_root(settings, root) / ".snap")}


def remove_snapshots(settings, root, names):
    """Remove snapshots of a storage; those that are gone are no error."""
    for name in names:
        with _privileged(root, "s"), suppress(FileNotFoundError):
            os.rmdir(_snapshot(settings, root, name))


def _read(path, attribute):
    """Read a number, 0 where it was never set; None where the folder went meanwhile."""
    try:
        return int(os.getxattr(path, attribute, follow_symlinks=False))
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno != errno.ENODATA:
            raise
        return 0


def _snapshot(settings, root, name):
    return resolve_root(settings, root) / ".snap" / checks.text("snapshot", name)


@contextmanager
def _privileged(root, flag):
    try:
        yield
    except PermissionError as error:
        raise Permanent(
            f"The login that {root} is mounted with lacks the flag {flag} at the MDS.",
            "Give it `mds 'allow rwps'` with `ceph auth caps`, and mount again.",
        ) from error
