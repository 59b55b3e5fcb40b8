"""swarm/drain: a node is emptied while its tenants go on serving."""

import os
import subprocess
from contextlib import contextmanager

import pytest
from drivers.specs import TaskSpec
from drivers.swarm_state import is_live
from real_machine import CHECKOUT, wait_until
from swarm_fixtures import asking

pytestmark = pytest.mark.slow

SCRIPT = CHECKOUT / "swarm/drain"


@contextmanager
def running(nodes, *words, **environment):
    """Start the script; end it where it still runs."""
    process = subprocess.Popen(
        [SCRIPT, *words],
        env=os.environ | {"DOCKER_HOST": nodes.address} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def drain(nodes, *words, **environment):
    """Run the script; return its exit code and what it says."""
    with running(nodes, *words, **environment) as process:
        output, _ = process.communicate(timeout=180)
    return process.returncode, output


def state_of(nodes, node):
    return nodes.driver().list_nodes()[node.name].state


def tasks_on(nodes, node):
    found = nodes.client().tasks(filters={"node": node.name})
    return [task for task in found if is_live(task)]


def test_tenants_leave_a_node_without_a_failed_request(nodes, start):
    client, leaving = start(), start(slow=True)
    others = [start() for _ in range(3)]
    emptied = nodes.place_of(leaving)
    assert nodes.place_of(client) is not emptied
    count = sum(nodes.place_of(spec) is emptied for spec in (leaving, *others))
    with asking(nodes, client, leaving) as answers:
        code, output = drain(nodes, emptied.name)
    assert len(answers) > 100
    assert set(answers) == {200}
    assert code == 0, output
    assert f"{count} of {count}: odoo_" in output
    assert nodes.place_of(leaving) is not emptied
    assert tasks_on(nodes, emptied) == []
    assert emptied.client().containers() == []
    assert state_of(nodes, emptied) == "drained"


def test_a_node_comes_back_and_takes_tenants(nodes, start):
    assert drain(nodes, "node2")[0] == 0
    first = [start() for _ in range(2)]
    assert {nodes.place_of(spec).name for spec in first} == {"node1", "node3"}
    code, output = drain(nodes, "--back", "node2")
    assert (code, "takes tenants again" in output) == (0, True)
    assert nodes.place_of(start()).name == "node2"


def test_after_a_kill_it_is_run_again(nodes, start):
    specs = [start() for _ in range(4)]
    node = nodes.place_of(specs[0])
    with running(nodes, node.name) as process:
        for line in process.stdout:
            if line.startswith("1 of"):
                break
    assert state_of(nodes, node) == "drained"  # it takes no tenants, whatever runs
    code, output = drain(nodes, node.name)
    assert code == 0, output
    assert tasks_on(nodes, node) == []
    assert drain(nodes, node.name)[0] == 0
    assert all(map(nodes.place_of, specs))


def test_one_shot_work_ends_before_its_node_is_drained(nodes, make):
    driver, spec = nodes.driver(), TaskSpec(service=make(slow=True))
    driver.run_task(spec)
    node = wait_until(lambda: nodes.place_of(spec), "the task", 60)
    code, output = drain(nodes, node.name)
    assert code == 0, output
    assert f"waiting for one-shot work: {spec.name}" in output
    assert driver.task_state(spec).state == "done"
    assert len(nodes.client().tasks(filters={"service": spec.name})) == 1
    driver.remove_task(spec)


def test_a_tenant_that_fits_nowhere_else_stays_and_is_named(nodes, start):
    spec = start(constraints=("node.hostname == node3",))
    code, output = drain(nodes, "node3", WAIT="3")
    assert code == 1
    assert f"{spec.name} stays: no suitable node" in output
    assert "swarm/drain --back node3" in output
    assert nodes.place_of(spec).name == "node3"
    assert nodes.ask(spec)


def test_a_node_that_is_lost_is_drained_at_once(nodes, start):
    nodes.nodes[2].kill()
    wait_until(lambda: state_of(nodes, nodes.nodes[2]) == "lost", "the loss", 120)
    assert drain(nodes, "node3")[0] == 0


def test_the_last_node_is_not_drained(nodes, make):
    for name in ("node2", "node3"):
        assert drain(nodes, name)[0] == 0
    code, output = drain(nodes, "node1")
    assert (code, "no other node is ready" in output) == (1, True)
    assert state_of(nodes, nodes.manager) == "ready"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("node9",), 1, "'node9' is no node"),
        (("--back", "node9"), 1, "docker node ls"),
        ((), 2, "swarm/drain NODE"),
        (("--back",), 2, "swarm/drain NODE"),
        (("node1", "node2"), 2, "swarm/drain NODE"),
        (("--force", "node1"), 2, "swarm/drain NODE"),
        (("--help",), 0, "swarm/drain --back NODE"),
    ],
)
def test_wrong_words_are_explained_and_change_nothing(nodes, words, code, says):
    found, output = drain(nodes, *words)
    assert (found, says in output) == (code, True), output
    states = {node.state for node in nodes.driver().list_nodes().values()}
    assert states == {"ready"}


def test_without_a_manager_it_says_where_to_look(nodes):
    for address in ("unix:///nonexistent.sock", nodes.nodes[1].socket):
        code, output = drain(nodes, "node1", DOCKER_HOST=address)
        assert (code, "DOCKER_HOST" in output) == (1, True)
