"""A server that is down, full or silent is told in words, within a time-out."""

import os
import signal
import socket
from dataclasses import replace

import pytest
from drivers.errors import PermanentInfraError, RetryableInfraError
from drivers.pg_connection import connect
from postgresql_fixtures import login_of


def test_a_server_that_is_down_is_no_empty_server(server):
    with pytest.raises(RetryableInfraError):
        server.driver(port=1).list_databases()


def test_a_wrong_password_is_told_with_its_cure(server):
    with pytest.raises(PermanentInfraError) as refused:
        server.driver(password="wrong").ping()
    assert "password" in refused.value.cure


def test_a_role_with_all_its_connections_in_use_may_be_tried_again(
    server, real, real_clone
):
    real.ensure_role(replace(real_clone, connection_limit=1))
    driver = server.driver()
    with (
        server.connect(**login_of(real_clone)),
        pytest.raises(RetryableInfraError, match="too many connections"),
        driver._cursor(real_clone.name, real_clone.role, real_clone.password),
    ):
        pass


def test_a_full_disk_of_the_server_is_told_with_its_cure(server, real_clone):
    own = login_of(real_clone)
    server.query(
        "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE "
        "'could not extend file' USING ERRCODE = '53100'; END $$;"
        "CREATE TRIGGER fill BEFORE INSERT ON note EXECUTE FUNCTION fill()",
        **own,
    )
    driver = server.driver()
    with (
        pytest.raises(PermanentInfraError, match="could not extend file") as full,
        driver._cursor(real_clone.name, real_clone.role, real_clone.password) as cursor,
    ):
        cursor.execute("INSERT INTO note (body) VALUES ('more')")
    assert full.value.cure == "Free disk space on the database server."


def test_a_server_that_stops_within_a_statement_is_given_up(server, monkeypatch):
    monkeypatch.setattr("drivers.pg_connection.STATEMENT_FACTOR", 1)
    monkeypatch.setattr("drivers.pg_connection.GRACE", 0)
    with (
        pytest.raises(RetryableInfraError),
        server.driver(timeout=2)._cursor() as cursor,
    ):
        backend = cursor.connection.get_backend_pid()
        os.kill(backend, signal.SIGSTOP)
        try:
            cursor.execute("SELECT 1")
        finally:
            os.kill(backend, signal.SIGCONT)


def test_a_server_that_takes_a_connection_and_says_nothing_is_given_up(server):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        driver = server.driver(port=silent.getsockname()[1], timeout=2)
        with pytest.raises(RetryableInfraError, match="timeout expired"):
            driver.ping()


def test_a_server_that_is_gone_without_a_word_is_noticed(server):
    address = {"host": server.host, "port": server.port, "dbname": "postgres"}
    login = {"user": server.login, "password": server.password}
    with (
        connect(timeout=9, **address, **login) as cursor,
        socket.socket(fileno=os.dup(cursor.connection.fileno())) as connection,
    ):
        options = {
            name: connection.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
            for name in (
                "TCP_KEEPIDLE",
                "TCP_KEEPINTVL",
                "TCP_KEEPCNT",
                "TCP_USER_TIMEOUT",
            )
        }
    assert list(options.values()) == [9, 3, 3, 18_000]
