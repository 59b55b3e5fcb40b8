"""TenantClient against servers that misbehave on demand."""

import json
import socket
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest
from drivers.errors import NotFound, PermanentInfraError, RetryableInfraError
from drivers.tenant import MAX_ANSWER, TenantClient
from nacl.signing import SigningKey

SECRET = "a secret nobody prints"
KEY = bytes(SigningKey.generate())


@contextmanager
def answering(*answers):
    """Serve these (status, body) one after the other, the last one for ever."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.seen.append((self.path, dict(self.headers)))
            status, body = answers[min(len(self.server.seen), len(answers)) - 1]
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.seen = []
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def client(address, **values):
    return TenantClient(
        address=address,
        host="acme.tenants.test",
        secret=SECRET,
        instance="instance",
        platform="platform",
        **{"timeout": 2, "sign_key": KEY} | values,
    )


@pytest.mark.parametrize(
    "status, body, error",
    [
        (500, b"", RetryableInfraError),
        (503, b"<html>starting</html>", RetryableInfraError),
        (200, b"not json", RetryableInfraError),
        (200, b"[1]", RetryableInfraError),
        (403, b'{"error": "no"}', PermanentInfraError),
        (404, b'{"error": "unknown"}', NotFound),
        (422, b'{"error": "Unknown Country: QQ"}', PermanentInfraError),
        (200, b"x" * (MAX_ANSWER + 1), PermanentInfraError),
    ],
)
def test_what_a_tenant_answers_becomes_an_error_of_the_tree(status, body, error):
    with answering((status, body)) as server, pytest.raises(error) as caught:
        client(server.server_address).command("users")
    assert "acme.tenants.test" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_newer_tenant_may_say_more():
    body = json.dumps({"protocol": 2, "result": {"internal": 3}, "more": 1}).encode()
    with answering((200, body)) as server:
        assert client(server.server_address).command("users") == {"internal": 3}
        path, headers = server.seen[0]
    assert path == "/saas/command/users"
    assert headers["Host"] == "acme.tenants.test"
    assert headers["X-SaaSOdoo-Secret"] == SECRET
    assert headers["Authorization"].startswith("Bearer ")


def test_waiting_ends_with_the_first_200():
    with answering((503, b""), (303, b""), (200, b"")) as server:
        assert 0 < client(server.server_address).wait_login(5) < 5
        assert [path for path, _headers in server.seen] == ["/web/login"] * 3


def test_waiting_ends_at_the_deadline_and_says_what_was_last_seen():
    began = time.monotonic()
    with (
        answering((503, b"")) as server,
        pytest.raises(RetryableInfraError, match="the last answer was 503"),
    ):
        client(server.server_address).wait_healthy(2)
    assert time.monotonic() - began < 20


@contextmanager
def dripping(start, drop):
    """Serve a start at once, then a drop of the answer every 0.2 s, for ever."""
    over = Event()

    def serve():
        while not over.is_set():
            try:
                asked, _ = server.accept()
                with asked:
                    asked.sendall(start)
                    while not over.wait(0.2):
                        asked.sendall(drop)
            except OSError:
                continue

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()
        over.set()
        thread.join()


DRIPS = pytest.mark.parametrize(
    "start, drop",
    [
        (b"HTTP/1.1 200 O", b"K"),
        (b"HTTP/1.1 200 OK\r\nA: ", b"a"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["status", "header", "body", "sized body", "chunks", "continue"],
)


@DRIPS
def test_a_tenant_that_answers_by_drips_holds_no_command_up(start, drop):
    began = time.monotonic()
    with (
        dripping(start, drop) as address,
        pytest.raises(RetryableInfraError, match="in time"),
    ):
        client(address, timeout=1).command("users")
    assert time.monotonic() - began < 10


def test_a_tenant_that_answers_by_drips_is_not_waited_for():
    began = time.monotonic()
    with (
        dripping(b"HTTP/1.1 200 OK\r\nA: ", b"a") as address,
        pytest.raises(RetryableInfraError, match="was not ready after 1 seconds"),
    ):
        client(address, timeout=30).wait_healthy(1)
    assert time.monotonic() - began < 10


def test_a_refused_connection_can_be_tried_again():
    with answering((200, b"")) as server:
        address = server.server_address
    with pytest.raises(RetryableInfraError, match="cannot be reached"):
        client(address).command("users")
    with pytest.raises(RetryableInfraError, match="cannot be reached"):
        client(address).wait_login(0.1)


def test_proxies_and_passwords_of_this_machine_are_not_used(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login root password toor\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with answering((200, b'{"result": {}}')) as server:
        client(server.server_address).command("users")
        assert server.seen[0][1]["Authorization"].startswith("Bearer ")


def test_without_a_key_nothing_is_signed():
    with pytest.raises(PermanentInfraError, match="holds no signing key"):
        client(("127.0.0.1", 1), sign_key=None).login_token("owner")


def test_secrets_are_not_printed():
    key = SigningKey.generate()
    printed = repr(client(("127.0.0.1", 1), sign_key=key))
    assert SECRET not in printed
    assert printed == "TenantClient(acme.tenants.test at 127.0.0.1:1)"
