"""The platform's two pairs of keys: one seals secrets, one signs for tenants."""

import json

from . import files
from .accounts import JOBS
from .commands import run, try_run
from .runner import Failure

FIRST = "seal/seal.key"
# path below RUN_DIR/keys, mode, owner; each private one before its public half.
KEYS = (
    (FIRST, 0o400, JOBS),
    ("sign.key", 0o400, JOBS),
    ("sign.pub", 0o444, "root"),
    ("seal.pub", 0o444, "root"),
)
# Reads the private key that is there, makes the one that is not, and derives the rest.
COMPLETE = """
import base64, json, pathlib, sys, nacl.public, nacl.signing
folder, seal_path, *missing = sys.argv[1:]
def private(kind, name):
    if name in missing:
        return kind.generate()
    return kind(base64.b64decode(pathlib.Path(folder, name).read_text()))
seal = private(nacl.public.PrivateKey, seal_path)
sign = private(nacl.signing.SigningKey, "sign.key")
keys = {seal_path: seal, "sign.key": sign}
keys |= {"sign.pub": sign.verify_key, "seal.pub": seal.public_key}
text = {name: base64.b64encode(bytes(keys[name])).decode() for name in missing}
print(json.dumps(text))
"""
# Reads the folder of keys; complains about a public key whose private one is not there.
COMPARE = """
import base64, pathlib, sys, nacl.public, nacl.signing
keys = pathlib.Path(sys.argv[1])
read = lambda path: base64.b64decode(path.read_text())
seals = [nacl.public.PrivateKey(read(k)).public_key for k in keys.glob("seal/*.key")]
if read(keys / "seal.pub") not in [bytes(key) for key in seals]:
    sys.exit("seal.pub does not belong to any key in seal/")
sign = nacl.signing.SigningKey(read(keys / "sign.key"))
if read(keys / "sign.pub") != bytes(sign.verify_key):
    sys.exit("sign.pub does not belong to sign.key")
"""


def make(settings):
    """Make both pairs, once; later, give them back their rights and public halves.

    :return: whether anything changed
    :raise Failure: where a private key is lost: a new one would open nothing
    """
    folder = settings.run / "keys"
    wanted = expected(settings)
    missing = [name for name, _, _ in wanted if not (folder / name).exists()]
    fresh = _complete(settings, missing) if missing else {}
    changes = [
        files.write(
            folder / name,
            fresh.get(name) or (folder / name).read_text(),
            mode=mode,
            owner=owner,
        )
        for name, mode, owner in wanted
    ]
    return any(changes)


def expected(settings):
    """Return path, mode and owner of each key; rotated ones have other names."""
    folder = settings.run / "keys"
    held = sorted(
        str(path.relative_to(folder)) for path in folder.glob("seal/*.key")
    ) or [FIRST]
    return [(name, 0o400, JOBS) for name in held] + [
        key for key in KEYS if key[0] != FIRST
    ]


def _complete(settings, missing):
    """Return the content of keys that are not there."""
    folder = settings.run / "keys"
    for name in missing:
        if name.endswith(".key") and _was_used(settings, name):
            raise Failure(
                f"{folder / name} is lost, and no new one can take its place",
                f"bring it back from escrow or a backup of {folder}, then "
                + settings.make(),
            )
    seals = [name for name, _, _ in expected(settings) if name.startswith("seal/")]
    if "seal.pub" in missing and len(seals) > 1:
        raise Failure(
            f"{folder}/seal.pub is lost in the middle of a rotation",
            f"bring it back from escrow or a backup of {folder}, then "
            + settings.make("rotate-key"),
        )
    python = settings.venv / "bin/python"
    found = json.loads(run([python, "-c", COMPLETE, folder, seals[0], *missing]))
    return {name: f"{text}\n" for name, text in found.items()}


def _was_used(settings, name):
    """Tell whether there was such a private key before.

    It is made before its public half, and both before there is any data.
    """
    public = settings.run / "keys" / ("sign.pub" if "sign" in name else "seal.pub")
    return public.exists() or (settings.run / "postgresql/data/PG_VERSION").exists()


def mismatch(settings):
    """Say which public key has lost its private half; empty when all is well."""
    python = settings.venv / "bin/python"
    result = try_run([python, "-c", COMPARE, settings.run / "keys"])
    return result.stdout.strip().splitlines()[-1] if result.returncode else ""
