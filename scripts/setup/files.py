"""Write files so that a killed run leaves none half written, and an equal one alone."""

import grp
import os
import pwd
import re
from pathlib import Path

from .runner import Failure
from .settings import CHECKOUT

PLACEHOLDER = re.compile(r"@(\w+)@")
QUOTED = re.compile(r"[^\w./+-]")


def render(name, values):
    """Fill in a template of config/.

    :param str name: its path below config/
    :param dict values: what replaces each ``@name@``
    :raise Failure: where the template names something unknown
    """
    path = CHECKOUT / "config" / name

    def value_of(match):
        if match[1] not in values:
            raise Failure(f"{path} names @{match[1]}@, which nothing fills in")
        return str(values[match[1]])

    return PLACEHOLDER.sub(value_of, path.read_text())


def write(path, content, mode=0o644, owner="root", group="root"):
    """Write a file where its content or its rights differ.

    :return: whether anything changed
    """
    if is_as_written(path, content, mode, owner, group):
        return False
    content = content.encode() if isinstance(content, str) else content
    uid, gid = pwd.getpwnam(owner).pw_uid, grp.getgrnam(group).gr_gid
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchown(descriptor, uid, gid)
        os.fchmod(descriptor, mode)
        file.write(content)
    os.replace(fresh, path)
    return True


def is_as_written(path, content, mode=0o644, owner="root", group="root"):
    """Tell whether a file is there with just this content and these rights."""
    content = content.encode() if isinstance(content, str) else content
    uid, gid = pwd.getpwnam(owner).pw_uid, grp.getgrnam(group).gr_gid
    try:
        state = path.stat()
    except FileNotFoundError:
        return False
    rights = (state.st_uid, state.st_gid, state.st_mode & 0o7777)
    return rights == (uid, gid, mode) and path.read_bytes() == content


def make_folder(path, mode, owner="root", group="root"):
    """Make a folder, or give it back its owner and rights.

    :return: whether anything changed
    """
    uid, gid = pwd.getpwnam(owner).pw_uid, grp.getgrnam(group).gr_gid
    made = not path.is_dir()
    path.mkdir(parents=True, exist_ok=True)
    state = path.stat()
    if (state.st_uid, state.st_gid, state.st_mode & 0o7777) == (uid, gid, mode):
        return made
    os.chown(path, uid, gid)
    path.chmod(mode)
    return True


def make_log(path, owner, group="root", mode=0o640):
    """Make a log file that its service may append to, in a folder that it may not."""
    if not path.exists():
        write(path, "", mode=mode, owner=owner, group=group)


def unreachable_parent(path):
    """Return the first folder above a path that other users cannot pass, or None."""
    existing = [folder for folder in (path, *path.parents) if folder.is_dir()]
    for folder in reversed(existing):
        if not folder.stat().st_mode & 0o001:
            return folder
    return None


def check_plain(variable, path):
    """Refuse a path that configurations and shells would have to quote: none does.

    :param str variable: what a person gave it as
    :raise Failure: with the cure
    """
    if QUOTED.search(str(path)):
        raise Failure(
            f"{variable}={path} holds a character that configuration files quote",
            f"choose a {variable} of letters, digits, dots, dashes",
        )


def link(path, target):
    """Point a symbolic link at a target, in one step.

    :return: whether it pointed elsewhere before
    """
    if path.is_symlink() and Path(os.readlink(path)) == Path(target):
        return False
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    os.replace(fresh, path)
    return True
