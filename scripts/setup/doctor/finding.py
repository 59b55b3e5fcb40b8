"""What was found of one part, and how a path is compared with what it should be."""

import grp
import pwd
import stat
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; empty trouble means that it is well.

    The cure is `make up` unless it says another.
    """

    name: str
    trouble: str = ""
    cure: str = ""


def wrong(path, mode, owner, group=None):
    """Say what is wrong with the rights of a file or folder, if anything is.

    :param str|None group: None: it is no matter
    """
    try:
        state = path.stat()
    except FileNotFoundError:
        return "it is missing"
    found = stat.S_IMODE(state.st_mode)
    if found != mode:
        return f"its mode is {found:o}, not {mode:o}"
    if state.st_uid != pwd.getpwnam(owner).pw_uid:
        return f"it does not belong to {owner}"
    if group and state.st_gid != grp.getgrnam(group).gr_gid:
        return f"it does not belong to the group {group}"
    return ""
