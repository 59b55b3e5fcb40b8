"""From a request to the first page of a customer's Odoo, and what came before."""

import http.client
import re
import statistics
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from urllib.parse import urlsplit

from master import operation_of, request_instance
from measure import Stopwatch, summarise
from people import Visitor, enter

LIMIT = 120  # seconds that any one instance may take


def provision_in_a_row(platform, count, names):
    """Create instances one after the other.

    :param list names: gets the name of each, before it is made
    :return: the figures
    """
    seconds, steps, first_steps = [], {}, []
    for _ in range(count):
        name = f"b{uuid.uuid4().hex[:10]}"
        names.append(name)
        seconds.append(create_and_visit(platform, name))
        operation = operation_of(platform, name)
        first_steps.append(between(operation["requested"], operation["started"]))
        for step in operation["steps"]:
            steps.setdefault(step["label"], []).append(step["seconds"])
    return {
        "request to first 200 of /web/login": summarise(seconds),
        "request to first step": summarise(first_steps),
        "steps": {
            label: round(statistics.median(values), 3)
            for label, values in steps.items()
        },
    }


def provision_at_once(platform, count, names):
    """Create instances all at the same moment; every one must succeed."""
    new = [f"b{uuid.uuid4().hex[:10]}" for _ in range(count)]
    names += new
    with ThreadPoolExecutor(count) as pool:
        seconds = list(
            pool.map(lambda name: create_and_visit(platform, name, pause=0.1), new)
        )
    return {f"{count} at once": summarise(seconds)}


def create_and_visit(platform, name, pause=0.02):
    """Request an instance and knock until a visitor is let in.

    :param float pause: seconds between two knocks; visitors share the processor with
        what they wait for
    :return: seconds from the request to the first 200 of /web/login
    """
    with Stopwatch() as watch:
        request_instance(platform, name)
        address = urlsplit(platform.tenant_url(name)).netloc
        deadline = time.monotonic() + LIMIT
        while not _lets_in(address):
            assert time.monotonic() < deadline, operation_of(platform, name)
            time.sleep(pause)
    return watch.seconds


def _lets_in(address):
    """Ask as a browser would, but cheaply: a library would take longer than nginx."""
    connection = http.client.HTTPConnection("127.0.0.1", _port(address), timeout=LIMIT)
    try:
        connection.request("GET", "/web/login", headers={"Host": address})
        return connection.getresponse().status == 200
    finally:
        connection.close()


def _port(address):
    return int(address.rpartition(":")[2])


def first_click(platform, names):
    """Log in, load the web client with its assets, and open the contacts."""
    seconds = []
    for name in names:
        with Visitor() as visitor:
            enter(platform, visitor, name)
            url = platform.tenant_url(name)
            with Stopwatch() as watch:
                page = visitor.get(f"{url}/odoo")
                for asset in re.findall(
                    r'(?:src|href)="(/web/assets/[^"]+)"', page.text
                ):
                    assert visitor.get(f"{url}{asset}").status_code == 200
                partners = {"model": "res.partner", "method": "web_search_read"}
                params = {
                    **partners,
                    "args": [],
                    "kwargs": {"domain": [], "specification": {"name": {}}},
                }
                answer = visitor.post(
                    f"{url}/web/dataset/call_kw", json={"params": params}
                )
                assert "result" in answer.json()
            seconds.append(watch.seconds)
    return {"first click after login": summarise(seconds)}


def lifecycle(platform, name, count):
    """Stop, start, restart, suspend and resume one instance."""
    seconds = {}
    for _ in range(count):
        for verb in ("stop", "start", "restart", "suspend", "resume"):
            agreed = ["--yes"] if verb in ("stop", "suspend") else []
            answer = platform.saasctl("instance", verb, name, *agreed, "--wait")
            operation = answer.get("operation") or answer
            seconds.setdefault(verb, []).append(operation["seconds"])
    return {verb: summarise(values) for verb, values in seconds.items()}


def between(earlier, later):
    """Return the seconds between two times of the API."""
    parse = datetime.fromisoformat
    return (parse(later) - parse(earlier)).total_seconds()
