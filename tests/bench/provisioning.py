"""From a request to the first page of a customer's Odoo, and what came before."""

import re
import statistics
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from doors import Door
from master import call, operation_of, request_instance
from measure import Stopwatch, since, summarise
from people import follow, owner_links
from targets import PROVISION

LIMIT = 120  # seconds that any one instance may take


def provision_in_a_row(platform, count, names):
    """Create instances one after the other.

    :param list names: gets the name of each, before it is made
    :return: the figures
    """
    seconds, steps, first_steps = [], {}, []
    for _ in range(count):
        name = new_name()
        names.append(name)
        clicked = time.time()
        seconds.append(create_and_visit(platform, name))
        operation = operation_of(platform, name)
        assert operation["state"] == "done", operation
        first_steps.append(since(clicked, operation["steps"][0]["started"]))
        for step in operation["steps"]:
            steps.setdefault(step["label"], []).append(step["seconds"])
    return {
        PROVISION: summarise(seconds),
        "click to first step": summarise(first_steps),
        "steps": {
            label: round(statistics.median(values), 3)
            for label, values in steps.items()
        },
    }


def new_name():
    """Return a name that no instance has."""
    return f"b{uuid.uuid4().hex[:10]}"


def provision_at_once(platform, count, names):
    """Create instances all at the same moment; every one is to succeed."""
    new = [new_name() for _ in range(count)]
    names += new
    with ThreadPoolExecutor(count) as pool:
        seconds = list(pool.map(lambda name: try_to_visit(platform, name), new))
    visited = [value for value in seconds if value is not None]
    operations = [operation_of(platform, name) for name in new]
    failures = [
        f"{operation['instance']}: {operation['message'] or 'nobody was let in'}"
        for operation, value in zip(operations, seconds, strict=True)
        if operation["state"] != "done" or value is None
    ]
    figure = {**summarise(visited), "failed": len(failures)}
    return {f"{count} at once": figure | ({"failures": failures} if failures else {})}


def try_to_visit(platform, name):
    """Create one of many, without ending the others where it fails."""
    try:
        return create_and_visit(platform, name, pause=0.1)
    except TimeoutError:
        return None


def create_and_visit(platform, name, pause=0.02):
    """Request an instance and knock until a visitor is let in.

    :param float pause: seconds between two knocks; visitors share the processor with
        what they wait for
    :return: seconds from the request to the first 200 of /web/login
    :raise TimeoutError: with the operation as it is
    """
    with Stopwatch() as watch:
        request_instance(platform, name)
        deadline = time.monotonic() + LIMIT
        with Door(platform, platform.tenant_url(name)) as door:
            while not door.lets_in():
                if time.monotonic() > deadline:
                    raise TimeoutError(str(call(platform, "instance_show", ref=name)))
                time.sleep(pause)
    return watch.seconds


def first_click(platform, names):
    """Log in as the owner, load the web client with its assets, open the contacts.

    Nothing was asked of these instances before but their login page.
    """
    seconds = []
    for link in owner_links(platform, *names):
        with platform.visitor() as visitor:
            url = follow(visitor, link)
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


def lifecycle(platform, names, count):
    """Stop, start, restart, suspend and resume some instances, again and again."""
    seconds = {}
    for name in names * count:
        for verb in ("stop", "start", "restart", "suspend", "resume"):
            agreed = ["--yes"] if verb in ("stop", "suspend") else []
            answer = platform.saasctl("instance", verb, name, *agreed, "--wait")
            seconds.setdefault(verb, []).append(answer["seconds"])
    return {verb: summarise(values) for verb, values in seconds.items()}
