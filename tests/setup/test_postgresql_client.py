"""Set-up's own clients of PostgreSQL, while somebody else may hold its port."""

import socket

import pytest

from scripts.setup import folders, postgresql
from scripts.setup.runner import Failure
from scripts.setup.settings import load


@pytest.fixture
def settings(tmp_path):
    """A platform with passwords, whose PostgreSQL is down."""
    settings = load({"RUN_DIR": str(tmp_path), "PORT_BASE": "25500"})
    (tmp_path / "etc").mkdir()
    folders.passwords(settings, postgresql.ROLES)
    return settings


def test_whoever_listens_in_place_of_postgresql_is_asked_nothing(settings):
    with socket.create_server(("127.0.0.1", settings.ports["postgresql"])) as stranger:
        with pytest.raises(Failure, match="socket"):
            postgresql.run_sql(settings, "postgres", "postgres", "SELECT 1")
        stranger.settimeout(0)
        with pytest.raises(BlockingIOError):
            stranger.accept()


def test_a_password_is_found_for_the_socket_and_for_the_port(settings):
    port = settings.ports["postgresql"]
    for line in (settings.etc / "pgpass").read_text().splitlines():
        assert line.startswith(f"*:{port}:*:")
