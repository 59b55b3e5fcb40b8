"""Export the platform's keys, for a safe place outside of this machine."""

import json
import os
from pathlib import Path

from .runner import Failure

PURPOSE = (
    "The keys of a SaaSOdoo platform. Whoever has this file and a dump of the master "
    "can open its secrets and enter every tenant: keep it offline, apart from the "
    "dumps. Without it a dump is worth little once the machine is gone. To bring a key "
    "back, write it to its path below the platform's folder, then run `make up`. Keys "
    "in keys/retired open only what older dumps hold: to read such a dump, copy its "
    "key to keys/seal and its .pub to keys/seal.pub."
)


def export(settings, target):
    """Write all keys into one new file that only root can read.

    :param str target: its path, absolute
    :raise Failure: where it exists already or cannot be made
    """
    path = Path(target)
    if not path.is_absolute():
        raise Failure(f"{target} is no absolute path", "give one: FILE=/media/usb/keys")
    folder = settings.run / "keys"
    found = {
        str(key.relative_to(settings.run)): key.read_text().strip()
        for key in sorted(folder.rglob("*"))
        if key.suffix in (".key", ".pub") and not key.name.startswith(".")
    }
    if "keys/seal.pub" not in found:
        raise Failure(f"there are no keys in {folder}", settings.make())
    content = {"purpose": PURPOSE, "platform": settings.platform, "keys": found}
    _write_new(path, json.dumps(content, indent=2) + "\n")
    return f"{len(found)} keys in {path}"


def _write_new(path, text):
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError as error:
        cure = "nothing is overwritten: give another FILE"
        raise Failure(f"{path} exists already", cure) from error
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", "give another FILE") from error
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, 0o600)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        path.unlink()
        cure = "make room, or give another FILE"
        raise Failure(f"{path}: {error.strerror}", cure) from error
