"""Routes: what Traefik and its Redis do with them."""

import select
import shutil
import socket
import socketserver
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import replace

import pytest
import requests
from drivers.errors import NotOurs, PermanentInfraError, RetryableInfraError
from drivers.traefik import STAYS
from real_machine import wait_until
from real_traefik import PORTS
from redis.exceptions import NoPermissionError
from routing import ask, page, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def real(real_traefik):
    return real_traefik.traefik()


@pytest.fixture
def routed(real_traefik, real, tenants, stub):
    spec = replace(tenants.route(stub), public_port=real_traefik.public_port)
    real.ensure_route(spec)
    wait_for(spec, 200)
    yield spec
    real.remove_route(spec)
    wait_for(spec, page("unknown"))


def keys(server):
    with server.redis() as client:
        return {
            key: client.hgetall(key) if key.startswith("saasodoo/") else client.get(key)
            for key in server.all_keys()
        }


def test_a_removed_route_leaves_no_key(real_traefik, real, tenants):
    before = keys(real_traefik)
    spec = tenants.route(tenants.make(), redirects=("former.tenants.localhost",))
    real.ensure_route(spec)
    real.ensure_route(replace(spec, redirects=(), state="stopped"))
    assert not any("former" in key for key in keys(real_traefik))
    real.remove_route(spec)
    assert keys(real_traefik) == before | {STAYS: "true"}


def test_a_former_address_is_free_for_others(real, tenants):
    first, second = tenants.route(tenants.make()), tenants.route(tenants.make())
    real.ensure_route(replace(first, redirects=("once.tenants.localhost",)))
    real.ensure_route(first)
    real.ensure_route(replace(second, hosts=("once.tenants.localhost",)))
    for spec in (first, second):
        real.remove_route(spec)


@pytest.mark.parametrize("touch", ["ensure_route", "remove_route"])
def test_a_route_that_somebody_wrote_by_hand_is_left_alone(
    real_traefik, real, tenants, touch
):
    spec = tenants.route(tenants.make())
    key = f"traefik/http/routers/{spec.name}/rule"
    with real_traefik.redis() as client:
        client.set(key, "Host(`by-hand.localhost`)")
    before = keys(real_traefik)
    with pytest.raises(NotOurs):
        getattr(real, touch)(spec)
    assert keys(real_traefik) == before
    with real_traefik.redis() as client:
        client.delete(key)


def test_routes_of_another_platform_are_not_listed(real, real_traefik, tenants):
    spec = tenants.route(tenants.make(platform="0" * 8 + "-0000-0000-0000-" + "0" * 12))
    real.ensure_route(spec)
    assert spec.name not in real.list_routes()
    real.remove_route(spec)


def test_redis_is_down_and_up_again(real_traefik, real, routed):
    real_traefik.stop("redis", kill=True)
    try:
        for touch in (real.list_routes, lambda: real.ensure_route(routed), real.check):
            with pytest.raises(RetryableInfraError, match="Start Redis"):
                touch()
        assert ask(routed).status == 200
    finally:
        real_traefik.start("redis")
    assert real.list_routes()[routed.name].hosts == routed.hosts
    real.ensure_route(replace(routed, state="suspended"))
    wait_for(routed, page("suspended"))


def stopped(tenants, server, count):
    """Return routes of one stopped tenant: users and ports of many would not do."""
    spec = tenants.route(tenants.make(), state="stopped")
    spec = replace(spec, public_port=server.public_port)
    name, _, rest = spec.hosts[0].partition(".")
    return [
        replace(spec, name=f"{spec.name}_{place}", hosts=(f"{name}-{place}.{rest}",))
        for place in range(count)
    ]


def test_a_redis_that_lost_everything_is_written_again_in_one_step(
    real_traefik, real, routed, tenants
):
    (other,) = stopped(tenants, real_traefik, 1)
    real.ensure_route(other)
    real_traefik.stop("redis")
    shutil.rmtree(real_traefik.run / "redis")
    (real_traefik.run / "redis").mkdir()
    real_traefik.start("redis")
    assert real.is_emptied()
    # Until then Traefik serves what it had.
    wait_for(routed, 200)
    real.ensure_routes([other, routed])
    for spec, wanted in ((other, page("stopped")), (routed, 200)):
        wait_for(spec, wanted)
    assert not real.is_emptied()
    real.remove_route(other)


def test_two_thousand_routes_are_written_in_one_step(
    real_traefik, real, routed, tenants
):
    many = stopped(tenants, real_traefik, 2000)
    real.ensure_routes([*many, routed])
    wait_for(many[0], page("stopped"))
    wait_for(many[-1], page("stopped"))
    assert ask(routed).status == 200
    for each in many:
        real.remove_route(each)


def test_a_restarted_traefik_has_the_routes_without_any_help(real_traefik, routed):
    real_traefik.restart("traefik")
    wait_for(routed, 200)


def test_a_traefik_that_starts_before_its_redis_waits_for_it(real_traefik, routed):
    real_traefik.stop("redis")
    try:
        real_traefik.restart("traefik")
        wait_for(routed, page("unknown"))
    finally:
        real_traefik.start("redis")
    wait_for(routed, 200)


def test_a_traefik_that_is_down_is_told_and_reads_later(real_traefik, real, routed):
    real_traefik.stop("traefik")
    try:
        with pytest.raises(RetryableInfraError, match="Traefik does not answer"):
            real.check()
        with pytest.raises(RetryableInfraError, match="no Traefik listens"):
            real.ensure_route(replace(routed, state="stopped"))
    finally:
        real_traefik.start("traefik")
    wait_for(routed, page("stopped"))


def test_a_change_waits_for_a_traefik_that_begins_to_listen(
    real_traefik, real, routed, monkeypatch
):
    monkeypatch.setattr("drivers.traefik.LISTENING", 60)
    real_traefik.stop("traefik")
    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(real.ensure_route, replace(routed, state="stopped"))
        real_traefik.start("traefik")
        told.result()
    wait_for(routed, page("stopped"))


def test_a_wrong_password_is_told_with_its_cure(real_traefik):
    with pytest.raises(PermanentInfraError, match="Correct the password"):
        real_traefik.traefik(password="wrong").list_routes()


def test_each_login_of_redis_may_do_its_own_work_only(real_traefik):
    with pytest.raises(PermanentInfraError), real_traefik.redis() as client:
        client.config_get("*")
    with real_traefik.reader() as client:
        assert client.scan(match="traefik*")
        for refused in (
            lambda: client.set("traefik/http/routers/x/rule", "Host(`x`)"),
            lambda: client.hgetall("saasodoo/routes"),
            lambda: client.config_set("notify-keyspace-events", "KEA"),
        ):
            with pytest.raises(NoPermissionError):
                refused()


def test_guessing_passwords_is_slowed_down_and_nothing_else(routed):
    answers = [ask(routed, "/web/login", method="POST", body="a") for _ in range(12)]
    assert answers[0].status == 200
    assert answers[-1].status == 429
    assert int(answers[-1].getheader("Retry-After")) > 0
    for path in ("/fr/web/login", "/web%2Flogin", "/web/reset_password"):
        assert ask(routed, path, method="POST", body="a").status == 429
    assert ask(routed, "/web/login").status == 200
    assert ask(routed, "/odoo", method="POST", body="a").status == 200


def test_a_tenants_burst_is_cut_off(routed):
    """All at once, or a slow machine would stay below what is allowed a second."""
    with ThreadPoolExecutor(50) as clients:
        found = list(clients.map(lambda n: ask(routed, f"/{n}").status, range(1500)))
    assert found[0] == 200
    assert 429 in found


def test_an_upload_that_is_too_large_is_refused_before_it_comes(routed):
    with socket.create_connection(("127.0.0.1", routed.public_port), 10) as client:
        head = f"POST / HTTP/1.1\r\nHost: {routed.hosts[0]}\r\nContent-Length: "
        client.sendall(f"{head}512000000\r\n\r\n".encode())
        assert b" 413 " in client.recv(100)
    body = "x" * 3_000_000
    assert ask(routed, "/", method="GET", body=body).status == 200


def test_pages_carry_the_headers_that_protect_them(routed):
    answer = ask(routed)
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert "origin" in answer.getheader("Referrer-Policy")
    assert answer.getheader("Server") is None


def test_a_client_chooses_neither_page_nor_target(routed, real):
    forged = {"X-SaaSOdoo-Target": "http://evil", "X-SaaSOdoo-Notice": "large"}
    real.ensure_route(replace(routed, upstream="127.0.0.1:9"))
    assert wait_for(routed, 503, headers=forged).content == page("starting")
    real.ensure_route(replace(routed, state="suspended"))
    wait_for(routed, page("suspended"), headers=forged)
    assert ask(routed, host="nobody.localhost", headers=forged).status == 503


def test_the_log_names_the_host_and_no_token(real_traefik, routed):
    for _ in range(65):  # so many are kept before they are written
        ask(routed, "/?token=0123456789-token")
    log = real_traefik.run / "log/traefik/access.log"
    wait_until(lambda: routed.hosts[0] in log.read_text(), "the log")
    assert "0123456789-token" not in log.read_text()


def test_figures_name_no_tenant(routed):
    text = requests.get(f"http://127.0.0.1:{PORTS['ops']}/metrics", timeout=10).text
    assert "traefik_entrypoint_requests_total" in text
    assert routed.name not in text
    assert routed.hosts[0] not in text


def test_a_web_socket_talks_in_both_directions(routed, real):
    with backend() as port:
        real.ensure_route(replace(routed, upstream=f"127.0.0.1:{port}"))
        with closing(wait_for_socket(routed)) as client:
            for word in (b"one", b"two"):
                client.sendall(word)
                assert client.recv(100) == word


def test_web_sockets_may_have_a_port_of_their_own(routed, real):
    with backend() as port:
        real.ensure_route(replace(routed, websocket=f"127.0.0.1:{port}"))
        with closing(wait_for_socket(routed)) as client:
            client.sendall(b"one")
            assert client.recv(100) == b"one"
        assert ask(routed).status == 200  # of the other port
        real.ensure_route(routed)
        wait_until(lambda: ask(routed, "/websocket").status == 200, "one port")


def test_a_tenant_that_hangs_holds_five_hundred_requests_only(routed, real):
    with backend() as port:
        real.ensure_route(replace(routed, upstream=f"127.0.0.1:{port}"))
        wait_for_socket(routed).close()
        held = [send(routed, "/") for _ in range(300)]
        time.sleep(2)  # a burst of 400 is cut off; these are all to be held
        held += [send(routed, "/") for _ in range(201)]
        refused = wait_until(lambda: select.select(held, [], [], 0)[0], "a refusal")
        assert [b" 429 " in client.recv(100) for client in refused] == [True]
        for client in held:
            client.close()


class Handler(socketserver.BaseRequestHandler):
    """Opens web sockets and echoes what they say; lets other requests wait."""

    def handle(self):
        head = self.request.recv(10000)
        if b"/websocket" in head:
            self.request.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\n"
                b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
            )
        while word := self.request.recv(100):
            self.request.sendall(word)


class Backend(socketserver.ThreadingTCPServer):
    """Hangs up when it ends: what Traefik keeps open must not hang later tests."""

    daemon_threads, block_on_close = True, False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.clients = []

    def process_request(self, request, client_address):
        self.clients.append(request)
        super().process_request(request, client_address)

    def server_close(self):
        super().server_close()
        for client in self.clients:
            with suppress(OSError):  # it may have gone before
                client.shutdown(socket.SHUT_RDWR)


@contextmanager
def backend():
    with Backend() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def send(spec, path, headers=""):
    client = socket.create_connection(("127.0.0.1", spec.public_port), 10)
    head = f"GET {path} HTTP/1.1\r\nHost: {spec.hosts[0]}\r\n{headers}\r\n"
    client.sendall(head.encode())
    return client


def wait_for_socket(spec):
    """Open a web socket as soon as the route leads to the backend that takes it."""
    upgrade = (
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )

    def opened():
        client = send(spec, "/websocket", upgrade)
        if b" 101 " in client.recv(1000):
            return client
        client.close()
        return None

    return wait_until(opened, "an open web socket")
