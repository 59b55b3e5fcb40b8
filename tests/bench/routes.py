"""How long until a change of a route is seen through Traefik, among few and many."""

import time
from dataclasses import replace
from uuid import uuid4

from density import memory_of, pids_of_service
from doors import Door
from drivers.traefik import TraefikDriver
from measure import Stopwatch, summarise
from tenants import Tenants

from scripts.setup import edge, folders

COUNTS = (50, 2000)
OTHER = {"running": "suspended", "suspended": "running"}
SECONDS = 60  # after which a change counts as lost
# The notice server stands in for all tenants: it always answers.
UPSTREAM = "{notice_address}:{port_notice}".format(**edge.INSIDE)


def change_routes(platform, count):
    """Suspend, resume and add tenants, among routes of a platform that is not there.

    :param platform: the ``Platform``, whose Traefik has the routes of its tenants too
    :param int count: changes of each kind
    :return: the figures
    """
    driver, tenants = _connect(platform)
    others, figures, more = [], {}, {}
    try:
        for wanted in COUNTS:
            with Stopwatch() as writing:
                written = wanted - len(others)
                while len(others) < wanted:
                    _add(driver, tenants, others)
            _wait_until_seen(platform, others[-1])
            time.sleep(3)
            figures |= _measure(platform, driver, tenants, others, count)
            more |= {
                f"one write among {wanted}, s": round(writing.seconds / written, 4),
                f"one listing of {wanted}, s": _list(driver, others),
                f"Traefik with {wanted}, MiB": round(
                    memory_of(pids_of_service(platform, "traefik"))
                ),
            }
    finally:
        for other in others:
            driver.remove_route(other)
    return figures | {"routes": more}


def _connect(platform):
    """Return a driver and a maker of tenants that no platform has."""
    chosen = platform.settings
    nobody = str(uuid4())
    driver = TraefikDriver(
        host=str(edge.redis_socket(chosen)),
        port=0,
        password=folders.kept_password(chosen, "routes"),
        platform=nobody,
        ping=f"http://127.0.0.1:{chosen.ports['ops']}/ping",
        scheme="https",
    )
    return driver, Tenants(nobody, 220000, 23300, chosen.ports["tenants"])


def _measure(platform, driver, tenants, others, count):
    changed, added, among = [], [], len(others)
    for run in range(count):
        before = others[run]
        others[run] = replace(before, state=OTHER[before.state])
        with Stopwatch() as watch:
            driver.ensure_route(others[run])
            _wait_until_seen(platform, others[run])
        changed.append(watch.seconds)
        with Stopwatch() as watch:
            _add(driver, tenants, others)
            _wait_until_seen(platform, others[-1])
        added.append(watch.seconds)
        time.sleep(0.1 + 0.37 * run % 0.5)  # changes come at any moment
    return {
        f"a route changes among {among}": summarise(changed),
        f"a route is added among {among}": summarise(added),
    }


def _add(driver, tenants, others):
    others.append(replace(tenants.route(tenants.make()), upstream=UPSTREAM))
    driver.ensure_route(others[-1])


def _list(driver, others):
    with Stopwatch() as listing:
        found = driver.list_routes()
    assert len(found) == len(others)
    return round(listing.seconds, 3)


def _wait_until_seen(platform, spec):
    """Ask until the page of its state comes, or what only a tenant's answer has."""
    deadline = time.monotonic() + SECONDS
    url = f"https://{spec.hosts[0]}:{spec.public_port}"
    with Door(platform, url) as door:
        while time.monotonic() < deadline:
            answer = door.ask("/")
            if answer and _shows(answer, spec.state):
                return
            time.sleep(0.005)
    raise TimeoutError(f"{spec.name} was not seen within {SECONDS} s")


def _shows(answer, state):
    if state == "suspended":
        return answer.getheader("Retry-After") == "3600"
    return bool(answer.getheader("Referrer-Policy"))
