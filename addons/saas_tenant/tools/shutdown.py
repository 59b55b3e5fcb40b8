"""End without cutting anybody off: another process serves from now on."""

import threading
import time

from odoo.service.server import ThreadedServer

# Docker waits for 60 s before it kills; the supervisor, which puts nobody in its place,
# for less. Threads of web sockets are none of these: browsers connect again.
PATIENCE = 50
HTTP = "http"


def install():
    """Have a process that is asked to end finish what it was asked before.

    Odoo with threads gives requests one second, and keeps its door open meanwhile:
    whoever knocks then is heard by nobody.
    """
    stop = ThreadedServer.stop

    def stop_gracefully(server):
        if server.httpd:
            close_the_door(server.httpd)
            wait_for_requests(PATIENCE)
        stop(server)

    ThreadedServer.stop = stop_gracefully


def close_the_door(httpd):
    """Refuse whoever comes now: the proxy asks the next process at once."""
    httpd.shutdown()
    httpd.socket.close()


def wait_for_requests(seconds):
    """Wait until requests have been answered.

    :param float seconds: at most
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(map(is_request, threading.enumerate())):
        # No join: it would hold back a second signal, which ends it at once.
        time.sleep(0.05)


def is_request(thread):
    return getattr(thread, "type", None) == HTTP
