"""Suites of the drivers: each runs against the real server and against the fake."""

from uuid import uuid4

import pytest
from ceph_fixtures import ceph  # noqa: F401  (where it is asked for by kind)
from drivers.fakes import FakeWorld
from postgresql_fixtures import (  # noqa: F401  (fixtures of the suites of PostgreSQL)
    real,
    real_clone,
    real_template,
    server,
)
from real_machine import RealMachine
from real_postgresql import RealPostgresql
from real_relay import RealRelay
from real_storage_host import RealStorageHost
from real_swarm import RealSwarm
from real_traefik import RealTraefik
from relay_fixtures import login, relay, smarthost  # noqa: F401
from swarm_fixtures import make, nodes, start  # noqa: F401
from tenant_fixtures import (  # noqa: F401  (fixtures of the suites of tenants)
    browser,
    clone_tenant,
    make_tenant,
    neighbour,
    owner,
    tenant,
    tenant_code,
    tenant_template,
)
from tenants import Tenants

UIDS = range(220000, 221000)
PORTS = range(22100, 22900)
STORED_ON = {"real": "machine", "swarm": "machine", "cephfs": "ceph"}
STORED_ON |= {"ssh": "storage_host"}
OTHER_STORAGE = "22222222-2222-4222-8222-222222222222"


@pytest.fixture(scope="session")
def platform():
    return str(uuid4())


@pytest.fixture(scope="session")
def tenants(platform):
    return Tenants(platform, UIDS.start, PORTS.start, public_port=22080)


@pytest.fixture(scope="session")
def real_postgresql(platform):
    with RealPostgresql.started(platform) as started:
        yield started


@pytest.fixture(scope="session")
def machine(platform):
    with RealMachine.started(platform, UIDS, PORTS, 22080) as machine:
        yield machine


@pytest.fixture(scope="session")
def storage_host(machine):
    with RealStorageHost.started(machine) as host:
        yield host


@pytest.fixture(scope="session")
def swarm(platform, machine):
    with RealSwarm.started(platform, machine.run / "storage") as swarm:
        yield swarm


@pytest.fixture(params=["real", "fake"])
def kind(request):
    return request.param


@pytest.fixture
def world(tmp_path):
    return FakeWorld(tmp_path / "world.json")


@pytest.fixture
def postgresql(kind, request, world, platform):
    if kind == "fake":
        return world.postgresql(platform)
    return request.getfixturevalue("real_postgresql").driver()


@pytest.fixture
def directory(kind, request, world, platform):
    if kind == "fake":
        return world.directory(platform)
    return request.getfixturevalue(STORED_ON[kind]).directory()


@pytest.fixture
def other_directory(kind, request, world, platform):
    """Another storage, and the root of the first one."""
    if kind == "fake":
        return world.directory(platform, root="other"), ""
    host = request.getfixturevalue(STORED_ON[kind])
    driver = host.directory("other", storage_uuid=OTHER_STORAGE)
    return driver, host.root()


@pytest.fixture
def process(kind, request, world, platform):
    if kind == "fake":
        return world.process(platform)
    if kind == "swarm":
        return request.getfixturevalue("swarm").driver()
    return request.getfixturevalue("machine").process()


@pytest.fixture(scope="session")
def real_traefik(platform):
    with RealTraefik.started(platform) as started:
        yield started


@pytest.fixture(scope="session")
def real_relay(platform):
    with RealRelay.started(platform) as started:
        yield started


@pytest.fixture(scope="module")
def stub(machine, tenants):
    """A stub tenant that answers at its own port."""
    spec = tenants.make()
    machine.directory().ensure_directory(spec.directory)
    machine.process().ensure_service(spec)
    yield spec
    machine.process().remove_service(spec)
