"""Looking at several runtimes without pause: deaths are seen, and nobody waits."""

import threading
import time

import pytest
from drivers.errors import RetryableInfraError
from drivers.watch import Watch
from real_machine import wait_until

MUTE, WELL = "mute", "well"


class Mute:
    """A runtime whose listing does not come back before the test ends."""

    def __init__(self):
        self.released = threading.Event()

    def list_nodes(self):
        self.released.wait(60)
        return {}

    def list_services(self):
        return {}


@pytest.fixture
def fake(world, platform, tenants):
    """A runtime with one service."""
    spec, process = tenants.make(), world.process(platform)
    world.directory(platform).ensure_directory(spec.directory)
    process.ensure_service(spec)
    return spec, process


def test_each_look_tells_services_and_nodes(fake):
    spec, process = fake
    with Watch({WELL: process}, pause=0) as watch:
        sights = [watch.next(10) for _ in range(2)]
    assert [sight.key for sight in sights] == [WELL, WELL]
    assert all(sight.services[spec.name].running for sight in sights)
    assert set(sights[0].nodes) == {"localhost"}
    assert sights[0].at <= sights[1].at <= time.time()


def test_a_runtime_that_does_not_answer_is_seen_and_asked_again(fake, world):
    _, process = fake
    world.fail_next("process.list_services", RetryableInfraError("Refused."))
    with Watch({WELL: process}, pause=0) as watch:
        first, second = watch.next(10), watch.next(10)
    assert str(first.error) == "Refused."
    assert first.services is None
    assert second.error is None


def test_one_that_hangs_holds_no_other_up(fake):
    mute = Mute()
    with Watch({MUTE: mute, WELL: fake[1]}, pause=0) as watch:
        assert {watch.next(10).key for _ in range(5)} == {WELL}
    mute.released.set()


def test_nothing_is_asked_any_more_when_it_is_left(fake, world):
    with Watch({WELL: fake[1]}, pause=0) as watch:
        watch.next(10)
    wait_until(lambda: not _watching(), "the end of its thread")
    calls = len(world.log)
    time.sleep(0.2)
    assert len(world.log) == calls


def _watching():
    return [one for one in threading.enumerate() if "_look_on" in one.name]


@pytest.mark.slow
def test_the_death_of_a_tenant_on_any_node_is_seen_with_its_reason(nodes, start):
    tenants = [start() for _ in range(3)]
    far = next(one for one in tenants if nodes.place_of(one) is not nodes.manager)
    with Watch({WELL: nodes.driver()}) as watch:
        assert watch.next(10).services[far.name].running
        nodes.ask(far, "/crash")
        while (sight := watch.next(10)).services[far.name].running:
            pass
        assert "exit code 1" in sight.services[far.name].message
        assert all(sight.services[one.name].running for one in tenants if one != far)
        while not watch.next(10).services[far.name].running:
            pass
