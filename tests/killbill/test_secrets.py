"""Kill Bill's own log tells no secret of ours, and nobody else is answered."""

import base64
import os
import re
import socket
from pathlib import Path

import pytest
from conftest import NAME
from listener import listening

# Of /proc/net/tcp: local address, port, state and user of each socket that listens
LISTENS = re.compile(
    r"^ *\d+: ([0-9A-F]{8}):([0-9A-F]{4}) \S+ 0A \S+ \S+ \S+ +(\d+)", re.M
)
LOOPBACK = "0100007F"


def test_the_log_tells_neither_logins_nor_where_webhooks_go(server):
    log = Path(os.environ["SAASODOO_KILLBILL_LOG"])
    before = log.stat().st_size
    tenant = server.make_tenant()
    with listening(status=500) as listener, server.client(tenant) as client:
        client.tenants.set_callback(f"{listener.url}/webhook/secret-of-webhooks")
        client.accounts.ensure("partner", NAME, "USD")
        listener.wait_for(lambda heard: b"ACCOUNT_CREATION" in heard)
        client.tenants.waiting_deliveries()
    with open(log) as lines:
        lines.seek(before)
        told = lines.read()
    login = base64.b64encode(":".join(server.login).encode()).decode()
    for secret in (tenant[1], server.login[1], login, "secret-of-webhooks"):
        assert secret not in told


def test_it_answers_at_its_connector_alone(server):
    connector = int(server.url.rpartition(":")[2])
    [(address, user)] = [found[::2] for found in _sockets() if found[1] == connector]
    assert address == LOOPBACK
    # The registry that Kill Bill opens by itself, and more
    others = [port for at, port, of in _sockets() if of == user and at != LOOPBACK]
    assert others
    for port in others:
        with socket.socket() as client:
            client.settimeout(1)
            with pytest.raises(TimeoutError):
                client.connect(("127.0.0.1", port))


def _sockets():
    """Return address, port and user of each that listens."""
    found = LISTENS.findall(Path("/proc/net/tcp").read_text())
    return [(address, int(port, 16), int(user)) for address, port, user in found]
