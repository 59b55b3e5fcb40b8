"""One route as keys of Traefik's Redis provider, and back.

What all tenants share (limits, headers, notice pages) is in config/traefik; a
middleware that a file defines is still made anew for each router that names it, so each
tenant has a limit of its own. Fewer keys and routers make a change seen sooner: Traefik
reads all of them again.
"""

import json

from .route_values import Header, check
from .specs import Mark

ROOT = "traefik/http"
LOGIN = (
    "Method(`POST`) && PathRegexp(`(?i)^(/[a-z]{2}[a-z0-9_@-]*)?"
    "(/|%2F)web(/|%2F)(login|reset_password|signup)`)"
)
WEBSOCKET = "PathPrefix(`/websocket`)"
SECRET = "headers/customRequestHeaders/X-SaaSOdoo-Secret"
TARGET = "headers/customRequestHeaders/X-SaaSOdoo-Target"


def render(spec, scheme):
    """Write a route down.

    :param RouteSpec spec: the route
    :param str scheme: http or https, as browsers reach it
    :return: values by key
    :rtype: dict[str, str]
    """
    check(spec)
    name, hosts = spec.name, _any_of(spec.hosts)
    if spec.state == "running":
        keys = {
            **_service(name, spec.upstream),
            f"middlewares/{name}/{SECRET}": spec.secret,
            **_router(name, hosts, name, "tenant@file", name),
            **_router(
                f"{name}-login", f"({hosts}) && {LOGIN}", name, "login@file", name
            ),
        }
        if spec.websocket:
            socket = f"{name}-socket"
            keys |= {
                **_service(socket, spec.websocket),
                **_router(
                    socket, f"({hosts}) && {WEBSOCKET}", socket, "tenant@file", name
                ),
            }
    else:
        keys = _router(name, hosts, "notice@file", f"{spec.state}@file")
    if spec.redirects:
        target = f"{scheme}://{spec.hosts[0]}:{spec.public_port}"
        former = f"{name}-former"
        keys |= {
            f"middlewares/{former}/{TARGET}": target,
            **_router(former, _any_of(spec.redirects), "notice@file", former),
        }
    return {f"{ROOT}/{key}": value for key, value in keys.items()}


def header(spec):
    """Return what says whose a route is, in the form that ``read`` understands."""
    return {
        "mark": str(spec.mark),
        "hosts": spec.hosts,
        "state": spec.state,
        "redirects": spec.redirects,
        "websocket": spec.websocket,
    }


def read(text):
    """Read what says whose a route is.

    :return: the header, None where it is none of ours
    :rtype: Header|None
    """
    values = json.loads(text)
    mark = Mark.parse(values["mark"])
    return mark and Header(
        mark=mark,
        hosts=tuple(values["hosts"]),
        state=values["state"],
        redirects=tuple(values["redirects"]),
        websocket=values.get("websocket"),  # not told by older releases
    )


def _any_of(hosts):
    return " || ".join(f"Host(`{host}`)" for host in hosts)


def _service(name, upstream):
    return {f"services/{name}/loadBalancer/servers/0/url": f"http://{upstream}"}


def _router(name, rule, service, *middlewares):
    return {
        f"routers/{name}/rule": rule,
        f"routers/{name}/service": service,
        f"routers/{name}/middlewares": ",".join(middlewares),
    }
