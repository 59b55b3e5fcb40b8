"""A machine that has storages mounted, and neither master nor tenants.

The master reaches its root helper over SSH, by a key that can do nothing else there.
"""

import json
import re
from pathlib import Path

from . import files, storages
from .runner import Failure
from .settings import CHECKOUT

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
KEY = re.compile(r"(ssh-(ed25519|rsa)|ecdsa-sha2-nistp\d+) [A-Za-z0-9+/=]+( [ -~]*)?")
# Of what it has not: no tenant is started here.
NONE = (
    *("venv", "launcher", "tenant_addons", "tenant_template"),
    *("programs_dir", "locks_dir", "logs_dir"),
)


def install(run, root, platform, uids, key):
    """Have the root helper work on a storage of this machine.

    :param Path run: the folder of the helper
    :param str platform: UUID of the master's platform
    :param str uids: first and last user id of tenants, as ``200000-209999``
    :param str key: the public key that calls it
    :return: the line that lets the key in
    :raise Failure: where one of them cannot be
    """
    if (run / "platform.env").exists():
        raise Failure(f"{run} is a platform of its own", "choose another RUN_DIR")
    files.check_plain("RUN_DIR", run)
    first, last = _parse(uids)
    if not UUID.fullmatch(platform):
        cure = "take PLATFORM_UUID out of platform.env of the master's folder"
        raise Failure(f"PLATFORM={platform} is no UUID", cure)
    if not KEY.fullmatch(key):
        cure = "give the line of a .pub file, made by ssh-keygen -t ed25519"
        raise Failure(f"KEY={key[:40]} is no public key", cure)
    known = _known_roots(run)
    if root not in known:
        storages.check_root_of(root, known)
        files.make_folder(Path(root), 0o711)
    _write_helper(run)
    content = {
        "platform": platform,
        "uid_base": first,
        "uid_count": last - first + 1,
        "port_base": 0,
        "port_count": 0,
        "storage_roots": [*known, *({root} - {*known})],
        **dict.fromkeys(NONE, ""),
    }
    files.write(run / "etc/helper.json", json.dumps(content, indent=2) + "\n", 0o600)
    return f'restrict,command="{run}/code/bin/root-helper" {key}'


def _parse(uids):
    first, _, last = uids.partition("-")
    if not (first.isdecimal() and last.isdecimal() and int(first) <= int(last)):
        raise Failure(
            f"UIDS={uids} is no range", "UIDS=200000-209999, as the cluster's"
        )
    return int(first), int(last)


def _known_roots(run):
    path = run / "etc/helper.json"
    return json.loads(path.read_text())["storage_roots"] if path.exists() else []


def _write_helper(run):
    modules = "code/bin/root_helper"
    for folder in ("", "code", "code/bin", modules):
        files.make_folder(run / folder, 0o755)
    files.make_folder(run / "etc", 0o711)
    source = CHECKOUT / "scripts"
    files.write(
        run / "code/bin/root-helper", (source / "root-helper").read_bytes(), mode=0o755
    )
    for path in (source / "root_helper").glob("*.py"):
        files.write(run / modules / path.name, path.read_bytes(), mode=0o644)
