"""The domain that tenants answer below: checked once, as it is kept for ever."""

import re
import socket

from .runner import Failure

_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
# RFC 1123; no number comes last, or it would be an address.
NAME = re.compile(rf"({_LABEL}\.)*(?=[a-z]){_LABEL}")
LONGEST = 253 - len(f"{'a' * 63}.")  # any label may stand before it
MASTER = "localhost"


def check(domain):
    """Refuse a domain that tenants could not answer below.

    :param str domain: what a person chose as BASE_DOMAIN
    :return: the same
    :raise Failure: with the cure
    """
    if not NAME.fullmatch(domain):
        trouble = "is no lower-case domain name of letters, digits, dashes and dots"
    elif len(domain) > LONGEST:
        trouble = f"has {len(domain)} letters: at most {LONGEST} leave room for tenants"
    elif domain in (MASTER, socket.gethostname()):
        # A tenant's cookies would reach it.
        trouble = "is the master's own"
    else:
        return domain
    cure = "make up BASE_DOMAIN=tenants.example.net, below which all leads here"
    raise Failure(f"BASE_DOMAIN={domain} {trouble}", cure)
