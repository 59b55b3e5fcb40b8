"""Ends Kill Bill in the middle of a story: who runs those may not."""

import contextlib
import shutil
import signal
import socketserver
import threading

from ..setup import files, killbill, postgresql, processes, supervisors
from ..setup.accounts import JOBS

# What it was doing is to be done again. Its own reaper, which sees to that within
# minutes, is off where the clock is moved.
REAP = ";".join(
    f"""UPDATE {table} SET processing_state = 'AVAILABLE', processing_owner = NULL,
                           processing_available_date = NULL
         WHERE processing_state = 'IN_PROCESSING'"""
    for table in ("bus_events", "bus_ext_events", "notifications")
)


def path(settings):
    """Return the socket at which the killer listens."""
    return settings.run / "tests/killer.sock"


@contextlib.contextmanager
def listening(settings):
    """Kill Kill Bill for whoever connects; hang up once it is up again."""

    class Death(socketserver.BaseRequestHandler):
        def handle(self):
            servers = processes.servers(settings.run, supervisors.KILLBILL)
            processes.end(servers, sign=signal.SIGKILL)
            postgresql.run_sql(settings, killbill.ROLE, killbill.DATABASE, REAP)
            killbill.wait_until_up(settings)

    socket = path(settings)
    files.make_folder(socket.parent, 0o700, JOBS, JOBS)
    socket.unlink(missing_ok=True)
    with socketserver.ThreadingUnixStreamServer(str(socket), Death) as server:
        shutil.chown(socket, JOBS)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            socket.unlink()
