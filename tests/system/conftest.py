"""Journeys on a platform that `make up` brought up; SAASODOO_RUN_DIR says which."""

import os

import pytest
import swarm_people
from billed import billed, customer  # noqa: F401  fixtures
from people import (  # noqa: F401  tests take the helpers from here
    COMPANY,
    Platform,
    Visitor,
    call,
    enter,
    enter_as_owner,
    press,
    wait_until,
)
from strangers import role_of

from scripts.testing.swarm_platform import alone


@pytest.fixture(scope="session")
def platform():
    return Platform(os.environ["SAASODOO_RUN_DIR"])


@pytest.fixture(scope="session")
def web(platform):
    """The role of `web`, with the password that its configuration has."""
    return role_of(platform, "saas_web")


@pytest.fixture
def visitor():
    with Visitor() as session:
        yield session


@pytest.fixture
def instance(platform):
    """A running instance of its own, purged afterwards."""
    created = platform.create()
    yield created
    current = platform.saasctl("instance", "show", created["uuid"])
    platform.remove(current["subdomain"])


@pytest.fixture(scope="module")
def shared_instance(platform):
    """A running instance that a whole file looks at and leaves as it is."""
    created = platform.create()
    yield created
    platform.remove(created["subdomain"])


# === ON A SWARM === #


@pytest.fixture(scope="session")
def swarm():
    """A platform on a swarm, from nothing to its first instance, and back."""
    with alone():
        try:
            yield swarm_people.start()
        finally:
            swarm_people.reset()


@pytest.fixture
def browser(swarm):
    """Somebody who visits instances on the swarm."""
    with swarm_people.localhost_is_here(), swarm.visitor() as session:
        yield session
