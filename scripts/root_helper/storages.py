"""What a storage looks like, told to who cannot look: it is mounted here alone."""

import os

from .directories import FENCE, SENTINEL, read_text
from .settings import resolve_root

USED = "ceph.dir.rbytes"  # an attribute that all folders of CephFS have


def look(settings, root):
    """Tell marks, room and kind of a storage, mounted or not."""
    root = resolve_root(settings, root)
    volume = os.statvfs(root)
    return {
        "sentinel": _strip(read_text(root / SENTINEL)),
        "fence": _strip(read_text(root / FENCE)),
        "total": volume.f_blocks * volume.f_frsize,
        "free": volume.f_bavail * volume.f_frsize,
        "read_only": bool(volume.f_flag & os.ST_RDONLY),
        "on_cephfs": _is_on_cephfs(root),
    }


def _strip(text):
    return text if text is None else text.strip()


def _is_on_cephfs(root):
    try:
        return bool(os.getxattr(root, USED))
    except OSError:
        return False
