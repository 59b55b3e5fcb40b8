"""Rotate the key that seals secrets; killed at any moment, it goes on from there.

A rotation is under way as long as `seal/` holds more than one key. The newest, by its
number, is the one to come. `jobs` reads all of them; what an earlier one sealed is
sealed anew, and only then is that one put away, out of the reach of all services.
"""

import json
import re

from . import files, postgresql
from .accounts import JOBS
from .commands import run
from .odoo_shell import ask
from .runner import Failure, wait_for

NAME = re.compile(r"seal(?:-(\d+))?\.key")
# Longer than a request to `web` may last.
PATIENCE = 180
MAKE = """
import base64, nacl.public
print(base64.b64encode(bytes(nacl.public.PrivateKey.generate())).decode())
"""
# The public half and the fingerprint of each key, as saas_infra's drivers/sealing.py.
DESCRIBE = """
import base64, hashlib, json, pathlib, sys, nacl.public
known = {}
for path in pathlib.Path(sys.argv[1]).glob("*.key"):
    key = nacl.public.PrivateKey(base64.b64decode(path.read_text()))
    public = bytes(key.public_key)
    known[path.name] = {
        "public": base64.b64encode(public).decode() + "\\n",
        "id": hashlib.sha256(public).hexdigest()[:16],
    }
print(json.dumps(known))
"""
REQUESTS = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = 'master' AND usename = 'saas_web' AND xact_start < to_timestamp({})
"""


def rotate(settings, report):
    """Seal all secrets with a new key.

    :raise Failure: where something stands in the way; the same command goes on
    """
    report.step("new key", _add_key, settings)
    newest = _newest(settings)
    known = _describe(settings)[newest]
    report.step("announcement", _announce, settings, known["id"])
    report.step("public key", _publish, settings, known["public"])
    report.step("earlier requests", _outlast_requests, settings)
    report.step("secrets", _reseal, settings)
    report.step("earlier keys", _put_away, settings, newest)


def _add_key(settings):
    held = _held(settings)
    if len(held) > 1:
        return f"going on with {_newest(settings)}"
    if not held:
        raise Failure("there is no key in seal/", "make doctor")
    used = {*held, *(path.name for path in (settings.run / "keys/retired").iterdir())}
    name = f"seal-{max(map(_number_of, used)) + 1}.key"
    text = run([settings.venv / "bin/python", "-c", MAKE])
    files.write(settings.run / "keys/seal" / name, text, mode=0o400, owner=JOBS)
    return f"made {name}"


def _announce(settings, key_id):
    ask(settings, f'env["saas.key.rotation"]._announce("{key_id}")')
    return key_id


def _publish(settings, public):
    """Let everybody seal with the new key from now on."""
    changed = files.write(settings.run / "keys/seal.pub", public, mode=0o444)
    return "changed" if changed else "unchanged"


def _outlast_requests(settings):
    """Wait for what may still write a secret that it sealed with the earlier key."""
    since = (settings.run / "keys/seal.pub").stat().st_mtime
    sql = REQUESTS.format(since)
    wait_for(
        lambda: postgresql.run_sql(settings, "postgres", "postgres", sql) == "0",
        PATIENCE,
        "the end of web's earlier requests",
        "make rotate-key again; it goes on from here",
    )


def _reseal(settings):
    count, lost = ask(settings, 'env["saas.key.rotation"]._reseal()')
    ask(settings, 'env["saas.key.rotation"]._finish()')
    return f"{count} sealed anew" + (f", {lost} that no key here opens" if lost else "")


def _put_away(settings, newest):
    """Move the earlier keys, each with its public half, to where only root reads."""
    folder = settings.run / "keys"
    names = [name for name in _held(settings) if name != newest]
    for name in names:
        public = (folder / "retired" / name).with_suffix(".pub")
        files.write(public, _describe(settings)[name]["public"], mode=0o400)
        (folder / "seal" / name).replace(folder / "retired" / name)
    return f"{', '.join(names) or 'none'} put away into {folder}/retired"


def _held(settings):
    return sorted(path.name for path in (settings.run / "keys/seal").glob("*.key"))


def _newest(settings):
    return max(_held(settings), key=_number_of)


def _number_of(name):
    match = NAME.fullmatch(name)
    return int(match[1] or 1) if match else 0


def _describe(settings):
    python = settings.venv / "bin/python"
    return json.loads(run([python, "-c", DESCRIBE, settings.run / "keys/seal"]))
