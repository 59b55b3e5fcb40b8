"""Arguments: everything that a caller sends is checked before it is used."""

import re

from .errors import NotOurs, Permanent

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# The data plane's own programs: their locks, logs and files are no tenant's.
OURS = "postgresql|nginx|mail|dockerd|helper"
LONGEST_WORK = 3600  # seconds
PATTERNS = {
    "uuid": re.compile(_UUID),
    "fence's epoch": re.compile(r"[0-9]{1,12}-[0-9a-f]{16}"),
    "mark": re.compile(f"saasodoo:({_UUID}):({_UUID})"),
    "program": re.compile(rf"(?!({OURS})$)[a-z][a-z0-9_]{{0,62}}"),
    "database": re.compile(r"[a-z][a-z0-9_]{0,62}"),
    "directory": re.compile(rf"odoo_data_[a-z0-9_]{{1,63}}_{_UUID}"),
    "snapshot": re.compile(r"saasodoo-[0-9]{8}T[0-9]{6}Z"),
    "host": re.compile(r"[A-Za-z0-9][A-Za-z0-9.:-]{0,252}"),
    "secret": re.compile(r"[A-Za-z0-9_~+/=.-]{8,256}"),
    "mail address": re.compile(r"[a-z0-9_-]{1,63}@[a-z0-9.-]{1,253}"),
    "public key": re.compile(r"[A-Za-z0-9+/]{43}="),
    "module": re.compile(r"[a-z][a-z0-9_]{0,62}"),
    "language": re.compile(r"[a-z]{2,3}(_[A-Z0-9]{2,4})?(@[a-z]{1,10})?"),
    "verb of a task": re.compile(r"init"),
}


def text(kind, value):
    """Check a text by the pattern of its kind, and return it."""
    if not isinstance(value, str) or not PATTERNS[kind].fullmatch(value):
        raise Permanent(f"Not a {kind}: {str(value)[:80]!r}.")
    return value


def texts(kind, values):
    """Check a list of texts, and return it."""
    if not isinstance(values, list) or len(values) > 500:
        raise Permanent(f"Not a list of {kind}s.")
    return [text(kind, value) for value in values]


def number(name, value, allowed):
    """Check a whole number against a range, and return it."""
    if type(value) is not int or value not in allowed:
        raise Permanent(
            f"{name} {value!r} is not in {allowed.start}…{allowed.stop - 1}."
        )
    return value


def seconds(value):
    """Check a time that work may take, and return it."""
    if type(value) not in (int, float) or not 0 < value <= LONGEST_WORK:
        raise Permanent(f"{value!r} is no time to work.")
    return value


def mark(settings, value):
    """Check that a mark is of this platform, and return it."""
    match = PATTERNS["mark"].fullmatch(value) if isinstance(value, str) else None
    if not match or match[1] != settings.platform:
        raise NotOurs(f"{str(value)[:120]!r} is no mark of this platform.")
    return value
