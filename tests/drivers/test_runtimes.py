"""Services and tasks: what a process, a swarm and the fake have in common."""

from dataclasses import replace

import pytest
from drivers.errors import NotOurs
from drivers.specs import Limits, TaskSpec
from real_machine import wait_until
from tenants import GIB, stranger

LARGER = Limits(cpu=1.29, memory=3 * GIB, storage=GIB)


@pytest.fixture(
    params=["real", "fake", pytest.param("swarm", marks=pytest.mark.slow)],
)
def kind(request):
    return request.param


@pytest.fixture
def make(kind, request, tenants):
    """Make the spec of one more tenant."""
    if kind == "swarm":
        swarm = request.getfixturevalue("swarm")
        return lambda: swarm.on_swarm(tenants.make())
    return tenants.make


@pytest.fixture
def service(process, directory, make):
    spec = make()
    directory.ensure_directory(spec.directory)
    process.ensure_service(spec)
    yield spec
    process.remove_service(spec)
    directory.remove_directory(spec.directory)


def started(process, spec):
    def since():
        state = process.list_services()[spec.name]
        return state.since and state

    return wait_until(since, "the start")


def test_a_service_runs_and_is_listed_with_its_mark(process, service):
    state = started(process, service)
    assert state.mark == service.mark
    assert state.running
    assert not state.message


def test_its_limits_are_listed_as_they_are_set(process, service):
    for spec in (service, replace(service, limits=LARGER), service):
        process.ensure_service(spec)
        state = started(process, spec)
        assert state.memory == spec.limits.memory
        # Processes have no limit of cores.
        assert state.cpu in (None, spec.limits.cpu)


def test_ensuring_twice_leaves_it_running(process, service):
    before = started(process, service)
    process.ensure_service(service)
    assert started(process, service) == before


def test_a_stopped_service_stays_listed_and_starts_again(process, service):
    for _ in range(2):
        process.stop_service(service)
    state = process.list_services()[service.name]
    assert not state.running
    assert "stopped" in state.message
    process.ensure_service(service)
    assert process.list_services()[service.name].running


def test_removing_twice_is_removing_once(process, service):
    process.remove_service(service)
    process.remove_service(service)
    assert service.name not in process.list_services()


def test_its_secrets_are_listed_with_its_mark_until_it_is_removed(process, service):
    process.stop_service(service)
    assert process.list_secrets()[service.name] == service.mark
    process.remove_service(service)
    assert service.name not in process.list_secrets()


def test_stopping_what_is_not_there_is_no_error(process, make):
    process.stop_service(make())


@pytest.mark.parametrize(
    "touch",
    [
        lambda driver, spec: driver.ensure_service(spec),
        lambda driver, spec: driver.stop_service(spec),
        lambda driver, spec: driver.remove_service(spec),
        lambda driver, spec: driver.logs(spec),
    ],
    ids=["ensure", "stop", "remove", "logs"],
)
def test_what_carries_another_mark_is_left_alone(process, service, touch):
    with pytest.raises(NotOurs):
        touch(process, stranger(service))
    assert process.list_services()[service.name].running


def test_a_service_has_a_log(process, service):
    assert wait_until(lambda: process.logs(service, 5), "the first line of the log")


def test_a_service_uses_something_until_it_stops(process, service):
    def measured():
        found = process.usage().get(service.name)
        return found and found.memory > 1_000_000 and found

    usage = wait_until(measured, "usage", 60)
    assert usage.cpu_seconds >= 0
    assert usage.killed == 0
    process.stop_service(service)
    assert service.name not in process.usage()


def test_its_machines_are_ready_and_go_by_their_names(process):
    nodes = process.list_nodes()
    assert nodes
    assert {name: node.name for name, node in nodes.items()} == {n: n for n in nodes}
    assert {node.state for node in nodes.values()} == {"ready"}


@pytest.fixture
def task(process, directory, make):
    service = make()
    directory.ensure_directory(service.directory)
    spec = TaskSpec(service=service, modules=("web", "mail"), languages=("fr_FR",))
    yield spec
    process.remove_task(spec)


def finished(process, task):
    def ended():
        state = process.task_state(task)
        return state.state in ("done", "failed") and state

    return wait_until(ended, "the end of the task")


def test_a_task_that_was_not_started_is_absent(process, task):
    assert process.task_state(task).state == "absent"


def test_a_task_ends_and_leaves_its_log(process, task):
    process.run_task(task)
    assert finished(process, task).state == "done"
    assert process.list_tasks()[task.name].mark == task.service.mark
    assert process.logs(task)
    assert process.list_secrets()[task.name] == task.service.mark
    process.run_task(task)  # done is done
    assert process.task_state(task).state == "done"
    assert task.name not in process.list_services()
    process.remove_task(task)
    assert process.task_state(task).state == "absent"
    assert task.name not in process.list_secrets()


def test_a_task_that_fails_tells_why_and_can_be_tried_again(process, task):
    broken = replace(task, modules=("broken",))
    process.run_task(broken)
    state = finished(process, broken)
    assert state.state == "failed"
    assert "broke" in state.message
    process.run_task(task)
    assert finished(process, task).state == "done"
