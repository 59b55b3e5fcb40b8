"""End without cutting anybody off: another process serves from now on."""

import signal
import threading
import time
from functools import wraps

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
    for name in ("http_spawn", "cron_spawn"):
        spawn = getattr(ThreadedServer, name)
        setattr(ThreadedServer, name, heard_by_main_thread(spawn))
    stop = ThreadedServer.stop

    def stop_gracefully(server):
        if server.httpd:
            close_the_door(server.httpd)
            wait_for_requests(PATIENCE)
        stop(server)

    ThreadedServer.stop = stop_gracefully


def heard_by_main_thread(spawn):
    """Have threads leave SIGTERM to the main one.

    Python answers signals there alone: taken by another thread, one is heard only when
    the main thread's sleep of a minute is over. Threads inherit what is blocked.

    :param spawn: a method that starts threads
    """

    @wraps(spawn)
    def spawn_deaf(server):
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        try:
            return spawn(server)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    return spawn_deaf


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
