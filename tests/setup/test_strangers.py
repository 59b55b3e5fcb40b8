"""No password is told to whoever listens in PostgreSQL's place while that is down."""

import dataclasses
import shutil
import socket
import struct
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from scripts.setup import folders, master, postgresql
from scripts.setup.accounts import JOBS
from scripts.setup.choices import load
from scripts.setup.runner import Failure

ODOO = """\
#!{python}
import psycopg2
psycopg2.connect("host=127.0.0.1 port={port} user=x password=secret dbname=x")
"""
ENCRYPTION = {80877103, 80877104}  # requests for TLS and GSSAPI
CLEARTEXT = struct.pack("!cII", b"R", 8, 3)  # "tell me your password"


@pytest.fixture
def settings():
    """A platform of an Odoo that only logs in; its port is a stranger's."""
    run = Path(tempfile.mkdtemp(prefix="saasodoo-setup-", dir="/var/tmp"))
    run.chmod(0o755)
    for folder in ("code/venv/bin", "control-plane/locks", "etc", "log"):
        (run / folder).mkdir(parents=True)
    lock = run / "control-plane/locks/install.lock"
    lock.touch()
    shutil.chown(lock, JOBS)
    yield load({"RUN_DIR": str(run)})
    shutil.rmtree(run)


def listening_at(settings, port):
    return dataclasses.replace(settings, port_base=port - 32)


class Stranger(threading.Thread):
    """Says that it is a PostgreSQL that wants a password in clear."""

    def __init__(self):
        super().__init__(daemon=True)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.told = None

    def run(self):
        client, _ = self.server.accept()
        with self.server, client:
            while struct.unpack("!II", client.recv(4096)[:8])[1] in ENCRYPTION:
                client.sendall(b"N")
            client.sendall(CLEARTEXT)
            self.told = client.recv(4096)


def test_odoo_tells_a_stranger_no_password(settings):
    stranger = Stranger()
    stranger.start()
    odoo = settings.venv / "bin/odoo"
    odoo.write_text(ODOO.format(python=sys.executable, port=stranger.port))
    odoo.chmod(0o755)

    with pytest.raises(Failure, match="scram-sha-256"):
        master.run_odoo(settings, "shell", log="install.log")

    stranger.join(20)
    assert stranger.told == b""


def test_psql_asks_nothing_of_a_stranger(settings):
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        there = listening_at(settings, stranger.getsockname()[1])
        with pytest.raises(Failure, match="socket"):
            postgresql.run_sql(there, "postgres", "postgres", "SELECT 1")
        stranger.settimeout(0)
        with pytest.raises(BlockingIOError):
            stranger.accept()


def test_a_password_is_found_for_the_socket_and_for_the_port(settings):
    folders.passwords(settings, postgresql.ROLES)
    port = settings.ports["postgresql"]
    for line in (settings.etc / "pgpass").read_text().splitlines():
        assert line.startswith(f"*:{port}:*:")
