"""An engine behind TLS: who is asked with which certificate, and what people read."""

import json
import os
import ssl
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from drivers.errors import PermanentInfraError
from drivers.swarm_engine import Engine, check_address
from drivers.swarm_tls import Certificates


class Party:
    """A certificate with its key, as texts; signed by itself without an issuer."""

    def __init__(self, name, issuer=None, days=2, host="127.0.0.1"):
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer, now = issuer or self, datetime.now(UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(signer.name)
            .public_key(self.private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=9))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(not issuer, None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), False
            )
            .sign(signer.private, hashes.SHA256())
        )
        self.certificate = built.public_bytes(serialization.Encoding.PEM).decode()
        self.key = self.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()


class Manager(BaseHTTPRequestHandler):
    """Says as much of an engine as a client asks for at first."""

    def do_GET(self):
        answer = {"ApiVersion": "1.41"} if self.path.endswith("/version") else []
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_arguments):
        pass


@pytest.fixture(scope="module")
def authority():
    return Party("authority")


@pytest.fixture(scope="module")
def ours(authority):
    return Party("platform", authority)


@pytest.fixture
def given(authority, ours):
    return Certificates(authority.certificate, ours.certificate, ours.key)


@contextmanager
def serving(folder, party, trusted):
    """Listen as an engine that lets in whom an authority vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=trusted.certificate)
    path = Path(folder, "engine.pem")
    path.write_text(party.certificate + party.key)
    context.load_cert_chain(path)
    with ThreadingHTTPServer(("127.0.0.1", 0), Manager) as server:
        server.handle_error = lambda *_arguments: None  # a client that hung up
        server.socket = context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"tcp://127.0.0.1:{server.server_port}"
        server.shutdown()


def refusal_of(address, given):
    with pytest.raises(PermanentInfraError) as caught:
        Engine(address, given, timeout=5.0).call("nodes")
    assert caught.value.cure
    return caught.value.message


def test_an_engine_of_the_authority_is_asked_and_no_key_stays_open(
    tmp_path, authority, given
):
    opened = len(os.listdir("/proc/self/fd"))
    with serving(tmp_path, Party("engine", authority), authority) as address:
        engine = Engine(address, given)
        assert engine.call("nodes") == []
        assert len(os.listdir("/proc/self/fd")) > opened
        engine._client.close()
        del engine
    assert len(os.listdir("/proc/self/fd")) == opened


def test_an_engine_that_is_not_who_it_should_be_is_named(tmp_path, authority, given):
    for party, message in (
        (Party("engine", Party("other")), "not signed by the authority"),
        (Party("engine", authority, days=-1), "engine at .* has expired"),
        (Party("engine", authority, host="10.0.0.9"), "is for another name"),
    ):
        with (
            serving(tmp_path, party, authority) as address,
            pytest.raises(PermanentInfraError, match=message),
        ):
            Engine(address, given).call("nodes")


def test_an_engine_that_does_not_know_us_is_told_in_words(tmp_path, authority, given):
    engine = Party("engine", authority)
    with serving(tmp_path, engine, Party("other")) as address:
        assert "refuses this platform's certificate" in refusal_of(address, given)


def test_an_engine_without_tls_is_told_nothing(given):
    with ThreadingHTTPServer(("127.0.0.1", 0), Manager) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        address = f"tcp://127.0.0.1:{server.server_port}"
        assert "does not speak TLS" in refusal_of(address, given)
        server.shutdown()


def test_what_cannot_be_used_is_refused_before_anybody_is_asked(authority, ours, given):
    old = Party("platform", authority, days=-1)
    for changed, message in (
        ({"authority": "no text of a certificate"}, "cannot be read"),
        ({"certificate": ours.key}, "cannot be read"),
        ({"key": ours.certificate}, "cannot be read"),
        ({"key": old.key}, "does not belong to the certificate"),
        ({"certificate": old.certificate, "key": old.key}, "expired on"),
    ):
        assert message in refusal_of("tcp://127.0.0.1:9", given._replace(**changed))


@pytest.mark.parametrize(
    "address",
    [
        *("unix:///run/docker.sock", "tcp://10.0.0.7:2376", "tcp://[fd00::7]:2376"),
        *("ssh://root@manager.example.net", "ssh://deploy@10.0.0.7:2222"),
    ],
)
def test_an_address_is_a_socket_or_a_host_behind_tls_or_ssh(address):
    check_address(address)


@pytest.mark.parametrize(
    "address",
    [
        *("", "/run/docker.sock", "unix://run", "http://10.0.0.7:2375"),
        *("tcp://10.0.0.7", "tcp://u@h:1", "ssh://h", "ssh://u:word@h", "ssh://u@h/x"),
        *("ssh://-oProxyCommand=x@h", "tcp://h:1\n", "ssh://u@h;id"),
    ],
)
def test_whatever_else_is_no_address(address):
    with pytest.raises(PermanentInfraError, match="no address of a Docker engine"):
        check_address(address)
