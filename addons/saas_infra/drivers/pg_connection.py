"""Connections to PostgreSQL that never wait for ever."""

import os
import socket
import threading
from contextlib import closing, contextmanager

import psycopg2
from psycopg2 import extensions

STATEMENT_FACTOR = 6  # a clone waits for the disk
GRACE = 5.0  # seconds that the server has for ending a statement by itself


@contextmanager
def connect(*, timeout, **address):
    """Open a connection, in autocommit.

    A server that is gone without a word is noticed after two time-outs, one that
    hangs when it does not even end a statement whose time is over.

    :param float timeout: seconds for a connection; a statement may take six times
        as long
    :return: a cursor
    :raise psycopg2.Error: whatever goes wrong
    """
    seconds = max(2, int(timeout))
    connection = psycopg2.connect(
        **address,
        connect_timeout=seconds,
        keepalives_idle=seconds,
        keepalives_interval=max(1, seconds // 3),
        keepalives_count=3,
        tcp_user_timeout=2 * seconds * 1000,
        application_name="saasodoo",
        options=f"-c statement_timeout={seconds * STATEMENT_FACTOR * 1000}",
        cursor_factory=_bounded(seconds * STATEMENT_FACTOR + GRACE),
    )
    with closing(connection):
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def _bounded(seconds):
    class Cursor(extensions.cursor):
        def execute(self, query, vars=None):
            timer = threading.Timer(seconds, _cut, [self.connection.fileno()])
            timer.daemon = True
            timer.start()
            try:
                return super().execute(query, vars)
            finally:
                timer.cancel()

    return Cursor


def _cut(handle):
    """Have whoever reads from a socket see its end."""
    with socket.socket(fileno=os.dup(handle)) as connection:
        connection.shutdown(socket.SHUT_RDWR)
