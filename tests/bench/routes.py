"""How long until a change of a route is seen through Traefik, among few and many.

By hand, from the checkout, with the numbers of routes where others are wanted:
PYTHONPATH=addons/saas_infra:tests/drivers python tests/bench/routes.py
"""

import http.client
import json
import sys
import time
from dataclasses import replace
from uuid import uuid4

from measure import Stopwatch, summarise
from real_traefik import PORTS, RealTraefik
from tenants import Tenants

COUNTS = (50, 2000)
RUNS = 20
SECONDS = 60  # after which a change counts as lost


def measure(server, count, runs=RUNS):
    """Suspend a tenant and add one, again and again, among others.

    :param RealTraefik server: runs, without routes
    :param int count: routes that are there besides
    :param int runs: changes of each kind
    :return: figures by name
    :rtype: dict
    """
    tenants = Tenants(server.platform, 220000, 23300, server.public_port)
    driver = server.traefik()
    # The notice server stands in for all tenants: it always answers.
    upstream = f"127.0.0.1:{PORTS['notice']}"
    others = [
        replace(tenants.route(tenants.make()), upstream=upstream) for _ in range(count)
    ]
    with Stopwatch() as writing:
        for other in others:
            driver.ensure_route(other)
    wait_until_seen(others[-1])
    time.sleep(3)
    changed, added = [], []
    for run in range(runs):
        changed.append(change(driver, replace(others[run], state="suspended")))
        added.append(
            change(driver, replace(tenants.route(tenants.make()), upstream=upstream))
        )
        time.sleep(0.1 + 0.37 * run % 0.5)  # changes come at any moment
    with Stopwatch() as listing:
        listed = driver.list_routes()
    assert len(listed) == count + runs
    return {
        f"a route changes among {count}": summarise(changed),
        f"a route is added among {count}": summarise(added),
        f"one listing of {count}": round(listing.seconds, 3),
        f"one write among {count}": round(writing.seconds / count, 4),
        f"Traefik with {count}": f"{server.memory()} MiB",
    }


def change(driver, spec):
    """Return the seconds from the write to the first answer that shows it."""
    with Stopwatch() as watch:
        driver.ensure_route(spec)
        wait_until_seen(spec)
    return watch.seconds


def wait_until_seen(spec):
    """Ask until the page of its state comes, or what only a tenant's answer has."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", spec.public_port, 10)
        connection.request("GET", "/", headers={"Host": spec.hosts[0]})
        answer = connection.getresponse()
        connection.close()
        if spec.state == "suspended" and answer.getheader("Retry-After") == "3600":
            return
        if spec.state == "running" and answer.getheader("Referrer-Policy"):
            return
        time.sleep(0.005)
    raise TimeoutError(f"{spec.name} was not seen within {SECONDS} s")


def main():
    """Measure with a Traefik of its own for each number; print JSON."""
    figures = {}
    for count in [int(word) for word in sys.argv[1:]] or COUNTS:
        with RealTraefik.started(str(uuid4())) as server:
            figures |= measure(server, count)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
