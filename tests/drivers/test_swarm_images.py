"""Which images of tenants a real engine keeps."""

import json

import pytest
from drivers.errors import NotFound
from drivers.swarm_engine import Engine
from real_machine import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def old(monkeypatch):
    """Take what was made just now for old."""
    monkeypatch.setattr("drivers.swarm_images.YOUNG", -3600)


@pytest.fixture
def image(swarm):
    """Make images that differ from each other, with the label of tenants'."""
    client, made = swarm.client(), []

    def make_one(*tags, label="LABEL saasodoo.image=tenant"):
        changes = [label, f"LABEL number={len(made)}", "ENTRYPOINT x"]
        content = b"\0" * 1024
        answer = client.import_image_from_data(content, changes=changes)
        made.append(json.loads(answer.splitlines()[-1])["status"])
        for tag in tags:
            client.tag(made[-1], "saasodoo-test", tag)
        return made[-1]

    yield make_one
    for each in made:
        if has(swarm, each):
            client.remove_image(each, force=True)


def has(swarm, image):
    try:
        Engine(swarm.address).call("inspect_image", image)
    except NotFound:
        return False
    return True


def test_what_nothing_refers_to_goes_with_all_its_names(swarm, image):
    kept, gone, named = image("kept"), image(), image("one", "two")
    assert set(swarm.driver().prune_images({kept})) == {gone, named}
    assert [has(swarm, each) for each in (kept, gone, named)] == [True, False, False]
    assert swarm.driver().prune_images({kept}) == []


def test_an_image_is_kept_by_its_name_too(swarm, image):
    kept = image("kept")
    assert swarm.driver().prune_images({"saasodoo-test:kept"}) == []
    assert has(swarm, kept)


def test_images_that_are_not_tenants_are_not_touched(swarm, image):
    other = image(label="LABEL saasodoo.image=master")
    swarm.driver().prune_images(set())
    assert has(swarm, other)
    assert has(swarm, swarm.image)


def test_what_was_built_a_moment_ago_stays(swarm, image, monkeypatch):
    monkeypatch.undo()
    new = image()
    assert swarm.driver().prune_images(set()) == []
    assert has(swarm, new)


def test_a_stopped_service_and_a_container_keep_their_images(swarm, image):
    client, (served, used) = swarm.client(), (image("served"), image("used"))
    template = {"ContainerSpec": {"Image": served, "Command": ["x"]}}
    mode = {"Replicated": {"Replicas": 0}}
    service = client.create_service(template, name="stopped", mode=mode)
    container = client.create_container(used)
    assert swarm.driver().prune_images(set()) == []
    assert has(swarm, served)
    assert has(swarm, used)
    client.remove_container(container["Id"])
    client.remove_service(service["ID"])
    gone = wait_until(lambda: swarm.driver().prune_images(set()), "their end")
    assert set(gone) == {served, used}
