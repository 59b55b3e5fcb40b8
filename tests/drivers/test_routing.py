"""Routes: what browsers and tenants see of any proxy."""

import json
import socket
import threading
from dataclasses import replace

import pytest
from drivers.errors import PermanentInfraError
from routing import ask, page, wait_for

TRAEFIK = pytest.param(("real_traefik", "traefik"), marks=pytest.mark.slow)


@pytest.fixture(params=[("machine", "nginx"), TRAEFIK], ids=["nginx", "traefik"])
def server(request):
    """Return a driver and the port of its proxy."""
    name, driver = request.param
    server = request.getfixturevalue(name)
    return getattr(server, driver)(), server.public_port


@pytest.fixture
def real(server):
    return server[0]


@pytest.fixture
def routed(server, real, tenants, stub):
    spec = replace(tenants.route(stub), public_port=server[1])
    real.ensure_route(spec)
    wait_for(spec, 200)
    yield spec
    real.remove_route(spec)
    wait_for(spec, page("unknown"))


def test_a_tenant_gets_the_secret_and_the_browsers_address(routed):
    forged = {
        "X-SaaSOdoo-Secret": "forged",
        "X-Forwarded-Host": "evil",
        "X-Forwarded-For": "10.0.0.1",
        "X-Forwarded-Proto": "https",
    }
    answer = ask(routed, "/some%2Fpath?x=1", headers=forged)
    content = json.loads(answer.content)
    headers = content["headers"]
    address = f"{routed.hosts[0]}:{routed.public_port}"
    assert content["path"] == "/some%2Fpath?x=1"
    assert headers["x-saasodoo-secret"] == routed.secret
    assert headers["host"] == headers["x-forwarded-host"] == address
    assert headers["x-forwarded-for"] == headers["x-real-ip"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert answer.getheader("X-SaaSOdoo-Secret") is None


def test_the_web_socket_is_passed_on(routed):
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade"}
    content = json.loads(ask(routed, "/websocket", headers=upgrade).content)
    assert content["headers"]["upgrade"] == "websocket"
    assert content["headers"]["connection"].lower() == "upgrade"
    assert content["headers"]["x-saasodoo-secret"] == routed.secret


@pytest.mark.parametrize(
    "path",
    [
        "/web/database/manager",
        "/fr/web/database",
        "/queue_job/runjob",
        "/web%2Fdatabase/manager",
        "//web/./database",
    ],
)
def test_what_only_the_inside_may_call_is_closed(routed, path):
    assert ask(routed, path).status == 404
    assert ask(routed, path.replace("database", "databases")).status != 503


@pytest.mark.parametrize("state", ["starting", "stopped", "suspended"])
def test_a_tenant_that_is_not_running_shows_its_page(routed, real, state):
    real.ensure_route(replace(routed, state=state))
    wait_for(routed, page(state))
    for method, path in (("GET", "/"), ("POST", "/web/login"), ("GET", "/websocket")):
        answer = ask(routed, path, method=method)
        assert answer.status == 503
        assert int(answer.getheader("Retry-After")) > 0
        assert answer.content == page(state)


def test_a_tenant_that_does_not_answer_is_shown_as_starting(routed, real):
    real.ensure_route(replace(routed, upstream="127.0.0.1:9"))
    assert wait_for(routed, page("starting")).status == 503
    assert ask(routed, "/x", method="POST", body="a=b").content == page("starting")


def test_a_tenants_own_503_stays_its_own(routed):
    answer = ask(routed, "/busy")
    assert answer.status == 503
    assert json.loads(answer.content)["path"] == "/busy"


def test_an_unknown_address_shows_its_page(routed):
    answer = ask(routed, host="nobody.tenants.localhost")
    assert answer.status == 503
    assert answer.content == page("unknown")


def test_a_former_address_leads_to_the_new_one(routed, real):
    real.ensure_route(replace(routed, redirects=("old-name.tenants.localhost",)))
    answer = wait_for(routed, 308, path="/odoo?x=1", host="old-name.tenants.localhost")
    address = f"http://{routed.hosts[0]}:{routed.public_port}"
    assert answer.getheader("Location") == f"{address}/odoo?x=1"


def test_a_removed_route_is_unknown(routed, real):
    real.remove_route(routed)
    wait_for(routed, page("unknown"))


def test_nothing_is_written_that_could_be_more_than_a_name(routed, real):
    for values in (
        {"hosts": ("x; return 200",)},
        {"hosts": ("x`) || PathPrefix(`/",)},
        {"hosts": ()},
        {"redirects": ("*",)},
        {"upstream": "127.0.0.1:80; evil"},
        {"secret": 'a"; evil "'},
        {"name": "../evil"},
    ):
        with pytest.raises(PermanentInfraError):
            real.ensure_route(replace(routed, **values))
    assert ask(routed).status == 200


def test_many_routes_may_be_written_at_once(real, tenants):
    specs = [tenants.route(tenants.make()) for _ in range(8)]
    threads = [
        threading.Thread(target=real.ensure_route, args=(spec,)) for spec in specs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {spec.name for spec in specs} <= set(real.list_routes())
    for spec in specs:
        real.remove_route(spec)


def test_requests_go_on_while_routes_change(routed, real, tenants):
    other = tenants.route(tenants.make())
    stop, failures = threading.Event(), []

    def browse():
        while not stop.is_set():
            answer = ask(routed)
            if answer.status != 200:
                failures.append((answer.status, answer.content[:200]))

    thread = threading.Thread(target=browse)
    thread.start()
    for _ in range(5):
        real.ensure_route(other)
        real.remove_route(other)
    stop.set()
    thread.join()
    assert not failures


def test_a_stranger_who_speaks_no_http_does_no_harm(routed):
    with socket.create_connection(("127.0.0.1", routed.public_port)) as client:
        client.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        client.shutdown(socket.SHUT_WR)  # Traefik waits for the rest of a greeting
        client.recv(100)
    assert ask(routed).status == 200
