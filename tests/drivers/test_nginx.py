"""Routes: what nginx does with them."""

from dataclasses import replace

import pytest
from drivers.errors import NotOurs, PermanentInfraError, RetryableInfraError
from real_machine import has_ipv6
from routing import ask, page, wait_for

ADDRESSES = ("127.0.0.1", "::1") if has_ipv6() else ("127.0.0.1",)


@pytest.fixture
def real(machine):
    return machine.nginx()


@pytest.fixture
def routed(machine, real, tenants, stub):
    spec = tenants.route(stub)
    real.ensure_route(spec)
    wait_for(spec, 200)
    yield spec
    real.remove_route(spec)
    wait_for(spec, page("unknown"))


@pytest.mark.parametrize("address", ADDRESSES)
def test_whichever_address_localhost_is_nginx_answers_there(routed, address):
    assert ask(routed, at=address).status == 200
    unknown = ask(routed, host="nobody.tenants.localhost", at=address)
    assert unknown.content == page("unknown")


def test_a_configuration_that_nginx_refuses_is_taken_back(
    machine, real, routed, tenants
):
    new = tenants.route(tenants.make())
    broken = machine.run / "nginx/routes/zz.conf"
    broken.write_text("nonsense")
    files = sorted(broken.parent.iterdir())
    try:
        with pytest.raises(PermanentInfraError, match="nginx refuses.*zz.conf"):
            real.ensure_route(new)
        with pytest.raises(PermanentInfraError):
            real.ensure_route(replace(routed, state="stopped"))
        with pytest.raises(PermanentInfraError):
            real.check()
        assert sorted(broken.parent.iterdir()) == files
        assert real.list_routes()[routed.name].state == "running"
    finally:
        broken.unlink()
    assert ask(routed).status == 200


def test_a_route_that_a_crash_left_unread_is_read_by_the_next_run(
    machine, real, routed, monkeypatch
):
    dying = machine.nginx()
    monkeypatch.setattr(dying, "_reload", lambda: (_ for _ in ()).throw(OSError))
    changed = replace(routed, state="stopped")
    with pytest.raises(OSError):  # noqa: PT011
        dying.ensure_route(changed)
    assert ask(routed).status == 200
    real.ensure_route(changed)
    wait_for(routed, page("stopped"))


def test_a_route_that_is_refused_leaves_nginx_with_what_the_files_say(
    machine, real, routed, tenants, monkeypatch
):
    late = machine.nginx()
    monkeypatch.setattr(late, "_reload", lambda: None)
    late.ensure_route(replace(routed, state="stopped"))
    with pytest.raises(NotOurs):
        real.ensure_route(replace(tenants.route(tenants.make()), hosts=routed.hosts))
    wait_for(routed, page("stopped"))


@pytest.mark.parametrize("before", [None, "running"], ids=["new", "changed"])
@pytest.mark.parametrize("step", ["_write", "_validate", "_take_back"])
def test_a_route_that_nginx_never_took_is_taken_back_by_whoever_comes_next(
    machine, real, routed, tenants, monkeypatch, before, step
):
    other = tenants.route(tenants.make())
    if before:
        real.ensure_route(other)
    taken = replace(other, hosts=routed.hosts)
    dying, write = machine.nginx(), real._write

    def die(*args):
        if step == "_write":
            write(*args)
        if step != "_write" or args[0].suffix == ".conf":
            raise SystemExit

    monkeypatch.setattr(dying, step, die)
    with pytest.raises(SystemExit):
        dying.ensure_route(taken)
    real.ensure_route(routed)
    assert (other.name in real.list_routes()) == bool(before)
    with pytest.raises(NotOurs, match="another route"):
        real.ensure_route(taken)
    found = real.list_routes().get(other.name)
    assert (found and found.hosts) == (other.hosts if before else None)
    assert {file.suffix for file in real._routes.iterdir()} == {".conf"}
    real.remove_route(other)


def test_a_route_that_is_right_is_no_success_where_nginx_refuses_the_rest(
    machine, real, routed
):
    broken = machine.run / "nginx/routes/zz.conf"
    broken.write_text("nonsense")
    try:
        with pytest.raises(PermanentInfraError, match="nginx refuses"):
            real.ensure_route(routed)
    finally:
        broken.unlink()
    assert real.list_routes()[routed.name].state == "running"


def test_a_writer_that_never_ends_keeps_nobody_for_ever(machine, real, routed):
    impatient = machine.nginx(timeout=0.1)
    with real._alone(), pytest.raises(RetryableInfraError, match="too long"):
        impatient.ensure_route(routed)


def test_a_supervisor_that_is_down_is_told_and_the_route_waits(
    machine, real, tenants, routed
):
    driver = machine.nginx(socket="/nonexistent/supervisor.sock")
    for touch in (driver.check, lambda: driver.ensure_route(routed)):
        with pytest.raises(RetryableInfraError, match="does not answer"):
            touch()


def test_a_folder_that_is_not_there_is_no_empty_listing(machine, tmp_path):
    driver = machine.nginx(routes_dir=str(tmp_path / "absent"))
    with pytest.raises(PermanentInfraError, match="cannot be read"):
        driver.list_routes()


def test_nginx_that_does_not_run_is_noticed_and_may_be_tried_again(real, routed):
    supervisor = real._supervisor
    supervisor.call("stopProcess", "nginx")
    try:
        with pytest.raises(RetryableInfraError, match="does not run"):
            real.check()
        with pytest.raises(RetryableInfraError, match="NOT_RUNNING"):
            real.ensure_route(routed)
    finally:
        supervisor.call("startProcess", "nginx")
    real.check()
    real.ensure_route(routed)
