"""A swarm of three nodes: where tenants run, and what a dead machine costs them."""

import time

import pytest
from drivers.errors import RetryableInfraError
from real_machine import wait_until
from swarm_fixtures import asking

pytestmark = pytest.mark.slow


@pytest.fixture
def three(start):
    """One tenant a node, as Swarm spreads them."""
    return [start() for _ in range(3)]


@pytest.fixture
def victim(nodes, three):
    """A tenant that runs on a worker."""
    return next(spec for spec in three if nodes.place_of(spec) is not nodes.manager)


def test_tenants_spread_over_the_nodes(nodes, three):
    assert {nodes.place_of(spec).name for spec in three} == {"node1", "node2", "node3"}


def test_neighbours_on_different_nodes_reach_each_other_by_name(nodes, three):
    for client in three:
        for spec in three:
            if spec is not client:
                with asking(nodes, client, spec) as answers:
                    time.sleep(1)
                assert set(answers) == {200}


def test_tenants_of_a_node_that_dies_come_back_on_another(nodes, three, victim):
    driver, dead = nodes.driver(), nodes.place_of(victim)
    dead.kill()
    wait_until(lambda: driver.list_nodes()[dead.name].state == "lost", "the loss", 120)
    wait_until(lambda: nodes.place_of(victim) not in (None, dead), "the return", 60)
    assert nodes.ask(victim)
    for spec in three:
        assert driver.list_services()[spec.name].running
    nodes.mend()
    assert driver.list_nodes()[dead.name].state == "ready"


def test_a_tenant_that_only_a_lost_node_may_run_does_not_run(nodes, start):
    spec = start(constraints=("node.hostname == node2",))
    nodes.place_of(spec).kill()

    def says():
        state = nodes.driver().list_services()[spec.name]
        return not state.running and "No node takes it" in state.message

    wait_until(says, "the message", 120)


def test_a_machine_that_joined_anew_is_not_the_lost_one_of_its_name(nodes):
    driver, client, node = nodes.driver(), nodes.client(), nodes.nodes[1]
    former = client.inspect_node(node.name)["ID"]
    node.client().leave_swarm(force=True)
    wait_until(lambda: driver.list_nodes()[node.name].state == "lost", "the loss", 60)
    nodes.join(node)
    wait_until(lambda: driver.list_nodes()[node.name].state == "ready", "it", 60)
    assert len(client.nodes()) == len(driver.list_nodes()) + 1
    client.remove_node(former, force=True)


def test_a_manager_that_restarts_costs_no_tenant_of_other_nodes(nodes, three, victim):
    driver = nodes.driver()
    driver.check()
    (before,) = nodes.containers(victim)
    nodes.manager.stop()
    with pytest.raises(RetryableInfraError, match="does not answer"):
        driver.list_services()
    assert nodes.ask(victim)
    nodes.manager.start()
    wait_until(lambda: all(map(nodes.place_of, three)), "all tenants", 120)
    (after,) = nodes.containers(victim)
    assert after["Id"] == before["Id"]
    assert all(state.running for state in driver.list_services().values())
    driver.stop_service(victim)
    assert nodes.containers(victim) == []
