"""Somebody who takes all connections to a port of this machine."""

import subprocess
from contextlib import contextmanager


@contextmanager
def listening(uid, port, address="127.0.0.1"):
    """Have a user listen there for a while."""
    script = (
        f"import socket; taken = socket.create_server(({address!r}, {port}))\n"
        "print(flush=True); input()"
    )
    command = ["python3", "-c", script]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, user=uid, group=uid, **streams) as process:
        assert process.stdout.readline()
        yield
        process.stdin.close()
