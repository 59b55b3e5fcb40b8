"""What a route may say: nothing that could be more than a name, wherever it goes."""

import re
from typing import NamedTuple

from .errors import PermanentInfraError
from .specs import Mark

_HOST = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*")
_UPSTREAM = re.compile(r"[A-Za-z0-9._-]+:[0-9]{1,5}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{8,256}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
# seconds after which a browser may ask again, by what the page says
NOTICES = {"starting": 5, "stopped": 300, "suspended": 3600}


class Header(NamedTuple):
    """What a route says of itself, wherever it is written."""

    mark: Mark
    hosts: tuple
    state: str
    redirects: tuple
    websocket: str | None = None


def check(spec):
    """Let nothing pass that a proxy could read as anything else.

    :param RouteSpec spec: the route
    :raise PermanentInfraError: where a value does not fit
    """
    hosts = (*spec.hosts, *spec.redirects)
    fits = (
        spec.hosts
        and _NAME.fullmatch(spec.name)
        and all(_HOST.fullmatch(host) and len(host) < 254 for host in hosts)
        and _UPSTREAM.fullmatch(spec.upstream)
        and (not spec.websocket or _UPSTREAM.fullmatch(spec.websocket))
        and _SECRET.fullmatch(spec.secret)
        and spec.state in ("running", *NOTICES)
        and 0 < int(spec.public_port) < 65536
    )
    if not fits:
        raise PermanentInfraError(f"The route {spec.name} cannot be written: {spec}.")
