"""What tests of others rely on: faults on demand, and a world that survives a death."""

import os

import pytest
from drivers.errors import NotOurs, RetryableInfraError


@pytest.fixture
def spec(world, platform, tenants):
    spec = tenants.make()
    world.directory(platform).ensure_directory(spec.directory)
    return spec


def in_a_child(work):
    """Run something in a forked process.

    :return: its exit code
    """
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize(
    ("when", "exists", "runs"),
    [("before", False, False), ("in", True, False), ("after", True, True)],
)
def test_a_process_that_dies_leaves_a_consistent_world(
    world, platform, spec, when, exists, runs
):
    process = world.process(platform)
    world.exit_next("process.ensure_service", when)
    assert in_a_child(lambda: process.ensure_service(spec)) == 9
    listed = process.list_services()
    assert (spec.name in listed) == exists
    assert any(state.running for state in listed.values()) == runs
    process.ensure_service(spec)
    assert process.list_services()[spec.name].running


@pytest.mark.parametrize("after", [False, True])
def test_a_fault_comes_once_before_or_after_the_work(world, platform, spec, after):
    process = world.process(platform)
    fault = RetryableInfraError("refused", "Try again.")
    world.fail_next("process.ensure_service", fault, after=after)
    with pytest.raises(RetryableInfraError) as raised:
        process.ensure_service(spec)
    assert (raised.value.message, raised.value.cure) == ("refused", "Try again.")
    assert (spec.name in process.list_services()) == after
    process.ensure_service(spec)


def test_the_log_tells_all_calls_in_order(world, platform, spec):
    world.process(platform).ensure_service(spec)
    world.process(platform).list_services()
    assert world.log == [
        f"directory.ensure_directory {spec.directory.name}",
        f"process.ensure_service {spec.name}",
        "process.list_services",
    ]


def test_a_refused_call_changes_nothing(world, platform, spec, tenants):
    process = world.process(platform)
    process.ensure_service(spec)
    before = world.read("services")
    other = tenants.make()
    with pytest.raises(NotOurs):
        process.remove_service(type(spec)(**vars(other) | {"name": spec.name}))
    assert world.read("services") == before


def test_a_tenant_answers_while_it_runs_and_people_come_by_its_route(
    world, platform, spec, tenants
):
    direct = world.tenant(platform, spec.mark.instance)
    public = world.tenant(platform, spec.mark.instance, host=spec.hostname)
    with pytest.raises(RetryableInfraError):
        direct.wait_healthy(1)
    world.process(platform).ensure_service(spec)
    direct.wait_healthy(1)
    with pytest.raises(RetryableInfraError):
        public.wait_login(1)
    world.nginx(platform).ensure_route(tenants.route(spec))
    public.wait_login(1)
    direct.command("setup", company="Acme")
    commands = world.read("tenants")[spec.mark.instance]
    assert commands == [{"name": "setup", "values": {"company": "Acme"}}]
    assert public.login_token("owner")
