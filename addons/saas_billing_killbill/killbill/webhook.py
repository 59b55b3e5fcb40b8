"""What Kill Bill sends when something has happened: a hint, never a fact.

There is no id, no time and no signature in it, and two different events may be equal
to the byte; whoever reads one asks Kill Bill what is true now.
"""

import json
import uuid
from dataclasses import dataclass, field

# A body of Kill Bill's has some hundred bytes.
LARGEST = 16384
_FIELDS = ("eventType", "accountId", "objectType", "objectId", "metaData")


class Malformed(Exception):
    """That is no webhook of Kill Bill's."""


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """One event.

    :param str kind: such as SUBSCRIPTION_CREATION
    :param str account_id: of Kill Bill's; None for what is the tenant's
    :param str object_type: such as SUBSCRIPTION, INVOICE, ACCOUNT
    :param dict meta: what comes with it; a bare word of 0.22's is under `key`
    """

    kind: str
    account_id: str | None
    object_type: str
    object_id: str | None
    meta: dict = field(default_factory=dict)


def parse(body):
    """Read a body.

    :param bytes body: as it came
    :rtype: Webhook
    :raise Malformed: where it is none of Kill Bill's
    """
    if len(body) > LARGEST:
        raise Malformed(f"{len(body)} bytes are too many")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("no JSON") from error
    if not isinstance(found, dict) or not set(_FIELDS) <= found.keys():
        raise Malformed("fields are missing")
    for name in ("eventType", "objectType"):
        if not isinstance(found[name], str) or not _is_word(found[name]):
            raise Malformed(f"{name} is no word")
    return Webhook(
        kind=found["eventType"],
        account_id=_id(found, "accountId"),
        object_type=found["objectType"],
        object_id=_id(found, "objectId"),
        meta=_meta(found["metaData"]),
    )


def _is_word(text):
    return len(text) <= 64 and text.replace("_", "").isalnum() and text.isascii()


def _id(found, name):
    value = found[name]
    if value is None:
        return None
    try:
        return str(uuid.UUID(value))
    except (ValueError, AttributeError, TypeError) as error:
        raise Malformed(f"{name} is no UUID") from error


def _meta(text):
    """Read JSON in a string, as 0.24 writes all, or a bare word, as 0.22 some."""
    if text is None:
        return {}
    if not isinstance(text, str):
        raise Malformed("metaData is no text")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {"key": text}
    return found if isinstance(found, dict) else {"key": text}
