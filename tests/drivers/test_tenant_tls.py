"""A proxy that speaks TLS: whom TenantClient trusts, and what visitors are shown."""

import socket
import ssl
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from drivers.certificate import Front, certified_until
from drivers.errors import PermanentInfraError, RetryableInfraError
from drivers.tenant import TenantClient

HOST = "acme.tenants.test"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An authority, and certificates that it signed: for our host and for another."""
    folder = tmp_path_factory.mktemp("tls")
    openssl(folder, "-x509", "-days", "2", "-subj", "/CN=authority", name="ca")
    for name, host, days in (
        ("right", "*.tenants.test", 2),
        ("other", "other.test", 2),
        ("expired", "*.tenants.test", -1),
    ):
        sign(folder, name, host, days)
    return folder


def sign(folder, name, host, days):
    openssl(folder, "-subj", "/CN=test", name=name)
    (folder / "extensions").write_text(f"subjectAltName=DNS:{host}\n")
    subprocess.run(
        ["openssl", "x509", "-req", "-in", f"{name}.pem", "-CA", "ca.pem",
         "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "extensions",
         "-days", str(days), "-out", f"{name}.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip


def openssl(folder, *arguments, name):
    subprocess.run(
        ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key",
         "-out", f"{name}.pem", *arguments],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_arguments):
        pass


@contextmanager
def serving(folder, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    with ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as server:
        server.handle_error = lambda *_arguments: None  # a client that hung up
        server.socket = context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_address
        server.shutdown()


def client(folder, address, **values):
    authority = (folder / "ca.pem").read_text() if folder else None
    tls = ssl.create_default_context(cadata=authority)
    return TenantClient(address=address, host=HOST, tls=tls, **{"timeout": 2} | values)


def test_a_proxy_that_the_authority_vouches_for_is_asked(folder):
    with serving(folder, "right") as address:
        assert client(folder, address).wait_healthy(5) < 5


@pytest.mark.parametrize("name, trusts", [("other", True), ("right", False)])
def test_a_proxy_that_is_another_is_told_nothing(folder, name, trusts):
    with serving(folder, name) as address:
        asking = client(folder if trusts else None, address)
        with pytest.raises(PermanentInfraError, match="certificate of acme") as caught:
            asking.wait_healthy(5)
    assert "authority" in caught.value.cure


def test_a_proxy_that_never_greets_is_left_in_time(folder):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        asking = client(folder, silent.getsockname(), timeout=0.3)
        with pytest.raises(RetryableInfraError, match="did not answer in time"):
            asking.wait_healthy(1)


def front(folder, address):
    tls = ssl.create_default_context(cadata=(folder / "ca.pem").read_text())
    return Front(address=address, hosts=("a.tenants.test", HOST), tls=tls)


def test_the_end_of_what_visitors_are_shown_is_known(folder):
    with serving(folder, "right") as address:
        left = certified_until(front(folder, address)) - datetime.now(UTC)
    assert timedelta(days=1) < left <= timedelta(days=2)


@pytest.mark.parametrize(
    ("name", "words"), [("expired", "has expired"), ("other", "mismatch")]
)
def test_what_visitors_are_warned_off_from_is_told_with_its_cure(folder, name, words):
    with (
        serving(folder, name) as address,
        pytest.raises(PermanentInfraError, match=words) as caught,
    ):
        certified_until(front(folder, address))
    assert "make up" in caught.value.cure


def test_a_proxy_that_is_down_shows_nothing(folder):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = closed.getsockname()
    with pytest.raises(RetryableInfraError, match="Nobody answers for a.tenants"):
        certified_until(front(folder, address))
