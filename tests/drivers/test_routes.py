"""Routes: what all proxies and the fake have in common."""

from dataclasses import replace

import pytest
from drivers.errors import NotOurs, PermanentInfraError
from tenants import stranger


@pytest.fixture(
    params=["nginx", "fake", pytest.param("traefik", marks=pytest.mark.slow)]
)
def proxy(request, world, platform):
    if request.param == "fake":
        return world.nginx(platform)
    server = {"nginx": "machine", "traefik": "real_traefik"}[request.param]
    return getattr(request.getfixturevalue(server), request.param)()


@pytest.fixture
def route(proxy, tenants):
    spec = tenants.route(tenants.make())
    proxy.ensure_route(spec)
    yield spec
    proxy.remove_route(spec)


def test_a_route_is_listed_with_its_mark_hosts_and_state(proxy, route):
    proxy.check()
    state = proxy.list_routes()[route.name]
    assert (state.mark, state.hosts, state.state) == (
        route.mark,
        route.hosts,
        "running",
    )


def test_ensuring_twice_changes_nothing(proxy, route):
    before = proxy.list_routes()
    proxy.ensure_route(route)
    assert proxy.list_routes() == before


def test_many_routes_are_written_in_one_step(proxy, route, tenants):
    others = [tenants.route(tenants.make()) for _ in range(3)]
    proxy.ensure_routes([route, *others])
    assert {route.name, *(each.name for each in others)} <= {*proxy.list_routes()}
    assert not proxy.is_emptied()
    for each in others:
        proxy.remove_route(each)


def test_of_many_routes_one_that_is_a_strangers_is_left_alone(proxy, route, tenants):
    other = tenants.route(tenants.make())
    with pytest.raises(NotOurs):
        proxy.ensure_routes([other, stranger(route)])
    assert proxy.list_routes()[route.name].mark == route.mark
    proxy.remove_route(other)


def test_a_proxy_without_any_route_says_so(proxy, route):
    proxy.remove_route(route)
    assert proxy.is_emptied()


def test_a_route_changes_its_state_and_hosts(proxy, route):
    changed = replace(route, state="suspended", hosts=("new-name.tenants.localhost",))
    proxy.ensure_route(changed)
    state = proxy.list_routes()[route.name]
    assert state.state == "suspended"
    assert state.hosts == ("new-name.tenants.localhost",)


def test_a_route_is_listed_with_its_old_hosts_and_web_sockets(proxy, route):
    socket = "odoo_1:8072"
    for redirects in (("old.tenants.localhost", "older.tenants.localhost"), ()):
        proxy.ensure_route(replace(route, redirects=redirects, websocket=socket))
        state = proxy.list_routes()[route.name]
        assert state.redirects == redirects
        # nginx has one address for both.
        assert state.websocket in (None, socket)


def test_removing_twice_is_removing_once(proxy, route):
    proxy.remove_route(route)
    proxy.remove_route(route)
    assert route.name not in proxy.list_routes()


@pytest.mark.parametrize("touch", ["ensure_route", "remove_route"])
def test_what_carries_another_mark_is_left_alone(proxy, route, touch):
    with pytest.raises(NotOurs):
        getattr(proxy, touch)(stranger(route))
    assert proxy.list_routes()[route.name].mark == route.mark


@pytest.mark.parametrize("way", ["hosts", "redirects"])
def test_a_host_of_another_route_is_refused_and_nothing_is_left(
    proxy, route, tenants, way
):
    other = tenants.route(tenants.make())
    values = {"hosts": route.hosts} if way == "hosts" else {"redirects": route.hosts}
    with pytest.raises(NotOurs, match="another route"):
        proxy.ensure_route(replace(other, **values))
    assert other.name not in proxy.list_routes()
    proxy.ensure_route(other)
    with pytest.raises(NotOurs):
        proxy.ensure_route(replace(other, **values))
    assert proxy.list_routes()[other.name].hosts == other.hosts
    proxy.remove_route(other)


def test_an_unknown_state_is_refused(proxy, route):
    with pytest.raises(PermanentInfraError):
        proxy.ensure_route(replace(route, state="dancing"))
    assert proxy.list_routes()[route.name].state == "running"
