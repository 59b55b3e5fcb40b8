"""Directories that tenants' files may lie in: the platform's own, and those added."""

import os
import shutil
from pathlib import Path

from . import files
from .runner import Failure

ADDED = "storage-roots"  # in RUN_DIR/etc, a line each; `up` tells the helper of them
SENTINEL = ".saasodoo-storage"
FENCE = ".saasodoo-fence"
INSTANCES = "odoo_instances"
KINDS = ("directory", "cephfs")
KNOWN = {SENTINEL, FENCE, INSTANCES, "lost+found"}


def roots(settings):
    """Return all directories that the root helper may work in, our own first.

    :rtype: list[str]
    """
    added = settings.etc / ADDED
    lines = added.read_text().splitlines() if added.exists() else []
    return [str(settings.run / "storage"), *lines]


def add(settings, root, kind="directory"):
    """Let tenants' files lie in one more directory, also after later runs of `up`.

    :param str root: a directory that is empty, or was a storage before
    :param str kind: directory or cephfs
    :return: what was done, in words
    :raise Failure: where it cannot be one
    """
    if kind not in KINDS:
        raise Failure(f"KIND={kind} is none", f"one of {', '.join(KINDS)}")
    known = roots(settings)
    if root in known:
        return "unchanged"
    check_root_of(root, known)
    if kind == "cephfs" and not is_on_cephfs(root):
        cure = f"mount it with a login that has mds 'allow rwps': ceph-fuse {root}"
        raise Failure(f"{root} is not on CephFS", cure)
    files.make_folder(Path(root), 0o711)
    lines = "".join(f"{one}\n" for one in [*known[1:], root])
    files.write(settings.etc / ADDED, lines, mode=0o600)
    return "added"


def is_ours(settings, root):
    """Tell whether a directory is mounted and marked as a storage of this platform."""
    try:
        found = (Path(root) / SENTINEL).read_text()
    except OSError:
        return False
    return found.startswith(f"saasodoo-storage:{settings.platform}:")


def clear(settings):
    """Take all that is this platform's out of the storages that were added."""
    for root in map(Path, roots(settings)[1:]):
        if is_ours(settings, root):
            shutil.rmtree(root / INSTANCES)
            (root / FENCE).unlink(missing_ok=True)
            (root / SENTINEL).unlink()  # last, so that a second run goes on


def is_on_cephfs(root):
    """Tell whether a directory is on CephFS, by an attribute that all have there."""
    try:
        return bool(os.getxattr(root, "ceph.dir.rbytes"))
    except OSError:
        return False


def check_root_of(root, known):
    """Refuse what cannot be the root of a storage.

    :param list known: the roots that there are
    :raise Failure: with the cure
    """
    path, cure = Path(root), "name an empty directory by its whole path"
    if not path.is_absolute() or os.path.realpath(root) != root:
        raise Failure(f"{root} is no whole path, or a link is in it", cure)
    # A supervisor of root's runs a shell on a line that names it.
    files.check_plain("ROOT", root)
    if not path.is_dir():
        raise Failure(f"{root} is no directory", "make it, and mount its disk there")
    for one in known:
        if path.is_relative_to(one) or Path(one).is_relative_to(path):
            raise Failure(f"{root} and the storage {one} lie in each other", cure)
    strange = sorted({entry.name for entry in path.iterdir()} - KNOWN)
    if strange:
        raise Failure(f"{root} is not empty: it has {', '.join(strange[:5])}", cure)
    closed = files.unreachable_parent(path.parent)
    if closed:
        raise Failure(f"other users cannot enter {closed}", f"chmod o+x {closed}")
