"""What a stack was before, and whether the files of both are ones."""

import re

import pytest

from scripts.setup.commands import own_environment, run
from scripts.setup.settings import CHECKOUT
from scripts.setup.stack import _earlier
from scripts.setup.swarm_services import STACKS


def service(image, count, **filled_in):
    container = {"Image": image} | filled_in
    mode = {"Replicated": {"Replicas": count}}
    return {"TaskTemplate": {"ContainerSpec": container}, "Mode": mode}


def earlier(now, before):
    return _earlier({"Spec": now, "PreviousSpec": before})


def test_a_service_goes_back_to_its_image_and_runs_on():
    found = earlier(service("new", 1), service("old", 0))
    assert found == service("old", 1)


def test_one_that_is_stopped_stays_so():
    assert earlier(service("new", 0), service("old", 1)) == service("old", 0)


def test_one_that_was_only_stopped_and_started_has_nothing_to_go_back_to():
    now = service("one", 1, DNSConfig={}, StopGracePeriod=10_000_000_000)
    assert earlier(now, service("one", 0)) is None
    assert _earlier({"Spec": now}) is None


@pytest.mark.slow
@pytest.mark.parametrize("kind", STACKS)
def test_docker_takes_the_file(kind):
    file = CHECKOUT / f"swarm/{kind}.yml"
    found = re.findall(r"\$\{(\w+)\}", file.read_text())
    named = {name: str(number) for number, name in enumerate(found, 1)}
    command = ["docker", "stack", "config", "-c", file]
    assert f"node.id == {named['NODE']}" in run(
        command, environment=own_environment(**named)
    )
