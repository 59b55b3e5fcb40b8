"""The master's first administrator: a password made once, told while it still holds."""

import base64
import hashlib
import hmac
import re
import secrets

from . import files, postgresql

ADMINISTRATOR = """
SELECT u.login || ' ' || coalesce(u.password, '') FROM res_users u
  JOIN ir_model_data d ON d.res_id = u.id AND d.model = 'res.users'
 WHERE d.module = 'base' AND d.name = 'user_admin'
"""
# As Odoo has passlib write it.
HASH = re.compile(
    r"\$pbkdf2-sha512\$(?P<rounds>\d+)\$(?P<salt>[^$]+)\$(?P<checksum>[^$]+)"
)


def first_password(settings):
    """Return the first password, made once."""
    path = settings.etc / "admin-password"
    if not path.exists():
        files.write(path, secrets.token_urlsafe(15) + "\n", mode=0o600)
    return path.read_text().strip()


def describe(settings):
    """Return the login and, as long as nobody changed it, the password, in words."""
    found = postgresql.run_sql(settings, "saas_owner", "master", ADMINISTRATOR)
    login, _, stored = found.rpartition(" ")
    first = first_password(settings)
    known = _is_hash_of(stored, first)
    return f"{login}, password {first if known else 'as it was changed'}"


def _is_hash_of(stored, password):
    parts = HASH.fullmatch(stored)
    if not parts:
        return False
    salt, rounds = _decode(parts["salt"]), int(parts["rounds"])
    found = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds)
    return hmac.compare_digest(found, _decode(parts["checksum"]))


def _decode(text):
    return base64.b64decode(text.replace(".", "+") + "=" * (-len(text) % 4))
