"""Faults of a swarm of several machines: what is said, and how it goes on."""

import docker
import pytest
from drivers.errors import InfraError, NotFound, RetryableInfraError
from drivers.swarm_engine import Engine
from real_machine import wait_until
from real_swarm import CELL

pytestmark = pytest.mark.slow

TINY = "tiny"


@pytest.fixture
def tiny(nodes):
    """A network of five addresses: a node's own, and four of tenants."""
    pool = docker.types.IPAMPool(subnet="10.78.0.0/29")
    ipam = docker.types.IPAMConfig(pool_configs=[pool])
    nodes.client().create_network(TINY, driver="overlay", ipam=ipam)
    yield TINY
    wait_until(lambda: is_removed(nodes, TINY), "the end of the network", 60)


def is_removed(nodes, name):
    try:
        Engine(nodes.address).call("remove_network", name)
    except NotFound:
        return True
    except InfraError:  # Swarm has not let go of it yet.
        return False
    return False


def message_of(nodes, spec):
    state = nodes.driver().list_services()[spec.name]
    return "" if state.running else state.message


@pytest.mark.parametrize("pinned", [True, False])
def test_a_network_without_an_address_left_is_named_with_the_cure(
    nodes, tiny, make, pinned
):
    """Swarm itself says something of it where the node has none, and else nothing."""
    node = ("node.hostname == node2",) if pinned else ()
    tenants = [make(networks=(CELL, tiny), constraints=node) for _ in range(5)]
    for spec in tenants:
        nodes.driver().ensure_service(spec)

    def messages():
        return list(filter(None, (message_of(nodes, spec) for spec in tenants)))

    wait_until(messages, "the message", 90)
    for message in messages():
        assert "no address left" in message
        assert "another cell" in message
    for spec in tenants[:4]:
        nodes.driver().remove_service(spec)
    wait_until(lambda: nodes.place_of(tenants[-1]), "the last one", 90)


@pytest.fixture
def lacking(nodes):
    """A node that has lost the image of tenants, and gets it back."""
    node = nodes.nodes[1]
    node.client().remove_image(nodes.image, force=True)
    yield node
    for _ in node.client().load_image(nodes.client().get_image(nodes.image)):
        pass


def test_an_image_that_one_node_lacks_is_named(nodes, make, lacking):
    spec = make(constraints=(f"node.hostname == {lacking.name}",))
    nodes.driver().ensure_service(spec)

    def says():
        return "image is missing on the node" in message_of(nodes, spec)

    wait_until(says, "the message", 60)


def test_who_may_run_elsewhere_does_where_one_node_lacks_its_image(
    nodes, make, lacking
):
    three = [make() for _ in range(3)]
    for spec in three:
        nodes.driver().ensure_service(spec)
    wait_until(lambda: all(map(nodes.place_of, three)), "all tenants", 120)
    assert lacking not in map(nodes.place_of, three)


def test_a_manager_that_loses_its_power_comes_back_with_all_services(nodes, start):
    spec, driver = start(), nodes.driver()
    before = driver.list_services()
    nodes.manager.kill()
    with pytest.raises(RetryableInfraError, match="does not answer") as caught:
        driver.ensure_service(spec)
    assert "dockerd" in caught.value.cure
    nodes.manager.start()
    wait_until(lambda: nodes.place_of(spec), "the tenant", 120)
    driver.ensure_service(spec)
    assert set(driver.list_services()) == set(before)


def test_managers_of_which_most_are_lost_say_so_and_go_on_when_one_is_back(
    nodes, start
):
    spec, driver = start(), nodes.driver()
    other = nodes.nodes[1]
    set_role(nodes, other, "manager")
    wait_until(lambda: is_reachable(nodes, other), "the second manager", 60)
    other.kill()

    def refusal():
        try:
            driver.stop_service(spec)
        except RetryableInfraError as error:
            return error.cure
        return ""

    wait_until(lambda: "docker node ls" in refusal(), "the message", 120)
    other.start()
    wait_until(lambda: is_reachable(nodes, other), "the second manager", 120)
    # They elect a leader first, maybe twice: a step is tried again meanwhile, too.
    wait_until(lambda: not refusal(), "the leader", 120)
    assert not nodes.containers(spec)
    set_role(nodes, other, "worker")


def set_role(nodes, node, role):
    found = nodes.client().inspect_node(node.name)
    spec = found["Spec"] | {"Role": role}
    nodes.client().update_node(found["ID"], found["Version"]["Index"], spec)


def is_reachable(nodes, node):
    """Tell whether a manager is one of those that decide, and has read what they did.

    One that lost its power before that would not find the others again.
    """
    try:
        Engine(node.socket).call("nodes")
        found = Engine(nodes.address).call("inspect_node", node.name)
    except InfraError:
        return False
    return found.get("ManagerStatus", {}).get("Reachability") == "reachable"
