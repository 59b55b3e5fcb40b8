"""Fixtures of the suites on a swarm of three nodes."""

import json
import subprocess
from contextlib import contextmanager
from dataclasses import replace

import pytest
from real_machine import HERE, wait_until
from real_swarm import OTHER_DEVICE, OTHER_NETWORK, RealSwarm

CLIENT = (HERE / "overlay_client.py").read_text()


@pytest.fixture(scope="module")
def nodes(platform, machine):
    """A swarm of three nodes, one of them the manager."""
    place = {"network": OTHER_NETWORK, "device": OTHER_DEVICE}
    storage = machine.run / "storage"
    with RealSwarm.started(platform, storage, count=3, **place) as swarm:
        yield swarm


@pytest.fixture
def make(nodes, machine, tenants):
    """Make the spec of a tenant that has a directory; all nodes are well afterwards.

    A slow one takes some seconds to start, as an Odoo does.
    """
    made = []

    def make_one(slow=False, **values):
        spec = replace(nodes.on_swarm(tenants.make()), **values)
        if slow:
            name = f"slow_{spec.database.name}"
            spec = replace(spec, database=replace(spec.database, name=name))
        machine.directory().ensure_directory(spec.directory)
        made.append(spec)
        return spec

    yield make_one
    nodes.mend()
    for spec in made:
        nodes.driver().remove_service(spec)


@pytest.fixture
def start(nodes, make):
    """Start a tenant, and wait until it is healthy."""

    def start_one(**values):
        spec = make(**values)
        nodes.driver().ensure_service(spec)
        wait_until(lambda: nodes.place_of(spec), "health", 60)
        return spec

    return start_one


@contextmanager
def asking(swarm, client, spec):
    """Have a tenant ask another one without pause.

    :return: a list; when this ends it holds each answer: a status, or what went wrong
    """
    pid = swarm.containers(client)[-1]["State"]["Pid"]
    process = subprocess.Popen(
        ["nsenter", "-n", "-m", "-t", str(pid), "python3", "-c", CLIENT, spec.name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    answers = []
    try:
        yield answers
    finally:
        output, _ = process.communicate(timeout=60)
    answers += json.loads(output)
