"""What tenants of a real swarm use, and what its collectors may do."""

from dataclasses import replace

import pytest
from drivers.errors import NotOurs
from drivers.specs import Limits
from real_machine import wait_until

pytestmark = pytest.mark.slow

LITTLE = Limits(cpu=0.05, memory=64 * 1024**2, storage=1)


def collector_of(swarm):
    chosen = {"label": f"saasodoo.platform={swarm.platform}"}
    found = [
        each
        for each in swarm.client().services(filters=chosen)
        if each["Spec"]["Labels"]["saasodoo.kind"] == "collector"
    ]
    return found[0]["Spec"] if found else None


def measured(swarm, spec):
    return wait_until(lambda: swarm.driver().usage().get(spec.name), "usage", 90)


def test_a_tenant_that_wants_more_than_its_share_waits_and_it_is_seen(nodes, start):
    spec = start(limits=LITTLE)
    usage = measured(nodes, spec)
    assert 1_000_000 < usage.memory < LITTLE.memory
    assert usage.throttled_seconds > 0
    assert (usage.killed, usage.refused) == (0, 0)


def test_a_process_that_dies_for_want_of_memory_is_counted(nodes, start):
    spec = start(limits=replace(LITTLE, cpu=1))
    client, (container,) = nodes.place_of(spec).client(), nodes.containers(spec)
    hog = client.exec_create(container["Id"], ["python3", "-c", "b'x' * 10**9"])
    client.exec_start(hog["Id"])
    assert client.exec_inspect(hog["Id"])["ExitCode"] == 137

    def is_counted():
        usage = nodes.driver().usage().get(spec.name)
        return usage and usage.killed == 1

    wait_until(is_counted, "the count", 90)
    assert nodes.driver().list_services()[spec.name].running


def test_a_fork_bomb_ends_at_the_limit_and_is_counted(nodes, start):
    spec, neighbour = start(), start()
    forked, _ = nodes.ask(spec, "/fork-bomb")["limits"]
    assert 400 < forked < 512

    def is_counted():
        usage = nodes.driver().usage()
        return neighbour.name in usage and usage[spec.name].refused

    wait_until(is_counted, "the count", 90)
    assert nodes.driver().usage()[neighbour.name].refused == 0
    services = nodes.driver().list_services()
    assert services[spec.name].running and services[neighbour.name].running


def test_tenants_of_all_nodes_are_measured_and_a_lost_node_stops_nobody(nodes, start):
    three = [start() for _ in range(3)]
    for spec in three:
        measured(nodes, spec)
    dead = next(spec for spec in three if nodes.place_of(spec) is not nodes.manager)
    nodes.place_of(dead).kill()
    left = [spec.name for spec in three if spec is not dead]
    assert set(nodes.driver().usage()) >= set(left)


def test_a_collector_reads_groups_and_can_do_nothing_else(nodes, start):
    measured(nodes, start())
    spec = collector_of(nodes)
    assert "Global" in spec["Mode"]
    assert "Networks" not in spec["TaskTemplate"]
    assert not spec["EndpointSpec"].get("Ports")
    for node in nodes.nodes:
        chosen = {"label": f"com.docker.swarm.service.name={spec['Name']}"}
        client = node.client()
        (found,) = client.containers(filters=chosen)
        container = client.inspect_container(found["Id"])
        assert container["Config"]["User"] == "65534:65534"
        assert container["HostConfig"]["ReadonlyRootfs"]
        assert container["HostConfig"]["CapDrop"] == ["ALL"]
        assert [mount["RW"] for mount in container["Mounts"]] == [False]
        assert not container["NetworkSettings"]["Ports"]


def test_a_new_program_takes_the_place_of_the_old_one(nodes, start, monkeypatch):
    spec = start()
    measured(nodes, spec)
    before = collector_of(nodes)
    nodes.driver().usage()
    assert collector_of(nodes) == before
    newer = "# newer\n" + before["TaskTemplate"]["ContainerSpec"]["Command"][3]
    monkeypatch.setattr("drivers.swarm_usage.PROGRAM", newer)
    nodes.driver().usage()
    command = collector_of(nodes)["TaskTemplate"]["ContainerSpec"]["Command"]
    assert command[3].startswith("# newer")
    measured(nodes, spec)


def test_a_service_of_somebody_else_is_no_collector(nodes, start):
    driver, client = nodes.driver(), nodes.client()
    start()
    driver.usage()
    name = collector_of(nodes)["Name"]
    client.remove_service(name)
    template = {"ContainerSpec": {"Image": nodes.image}}
    client.create_service(template, name=name, mode={"Replicated": {"Replicas": 0}})
    with pytest.raises(NotOurs, match=name):
        driver.usage()
    client.remove_service(name)
