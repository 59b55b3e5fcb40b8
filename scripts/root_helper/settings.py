"""What the helper may touch: RUN_DIR/etc/helper.json, written by set-up."""

import os
import stat
from collections import namedtuple
from pathlib import Path

from . import documents
from .errors import Permanent

_KEYS = (
    "platform",
    "uid_base",
    "uid_count",
    "port_base",
    "port_count",
    "storage_roots",
    "venv",
    "launcher",
    "tenant_addons",
    "tenant_template",
    "programs_dir",
    "locks_dir",
    "logs_dir",
)


class Settings(namedtuple("Settings", _KEYS)):
    """Paths and ranges; what is in here is trusted, what callers send is not."""

    @property
    def uids(self):
        return range(self.uid_base, self.uid_base + self.uid_count)

    @property
    def ports(self):
        return range(self.port_base, self.port_base + self.port_count)


def read(program):
    """Read the settings that belong to an installed helper.

    :param Path program: RUN_DIR/code/bin/root-helper
    :raise Permanent: where anyone but root could have written them
    """
    run = program.parents[2]
    path = run / "etc/helper.json"
    modules = Path(__file__).parent
    above = (run, path.parent, program.parents[1], program.parent, modules)
    for part in (*above, path, program, *modules.glob("*.py")):
        _check_owner(part)
    return parse(path)


def parse(path):
    """Take the settings as they stand there.

    :param Path path: RUN_DIR/etc/helper.json
    :raise Permanent: where it is damaged
    """
    content = documents.read(path, _KEYS, "Run `make up`.")
    if content is None:
        raise Permanent(f"{path} is missing or empty.", "Run `make up`.")
    return Settings(**content)


def _check_owner(path):
    try:
        found = os.lstat(path)
    except OSError as error:
        raise Permanent(f"{path}: {error.strerror}.", "Run `make up`.") from error
    writable = stat.S_IMODE(found.st_mode) & (stat.S_IWGRP | stat.S_IWOTH)
    if found.st_uid != 0 or writable or stat.S_ISLNK(found.st_mode):
        raise Permanent(
            f"{path} could be written by others than root.",
            f"chown root:root {path}; chmod go-w {path}",
        )


def resolve_root(settings, root):
    """Check that a caller names one of the storages, and no link to elsewhere.

    :rtype: Path
    """
    if root not in settings.storage_roots or os.path.realpath(root) != root:
        raise Permanent(
            f"{root} is no storage of this platform.",
            f"On the machine of the tenants, as root: make add-storage ROOT={root}",
        )
    return Path(root)
