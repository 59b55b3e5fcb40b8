"""Who receives webhooks, or plays a Kill Bill that is ill."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Listener(ThreadingHTTPServer):
    """Note what comes, and answer as told.

    :param int status: of all answers
    :param bytes body: of all answers
    :param float delay: seconds before each
    """

    daemon_threads = True

    def __init__(self, status=200, body=b"", delay=0, kind="application/json"):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.body, self.delay, self.kind = status, body, delay, kind
        self.heard = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def wait_for(self, found, seconds=30):
        """Return the first body for which something holds, once it has come."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for body in [*self.heard]:
                if found(body):
                    return body
            time.sleep(0.05)
        raise AssertionError(f"it did not come within {seconds} s")


class _Handler(BaseHTTPRequestHandler):
    def _answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.server.heard.append(self.rfile.read(length))
        time.sleep(self.server.delay)
        self.send_response(self.server.status)
        self.send_header("Content-Type", self.server.kind)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def listening(**values):
    """Have one listen for a while."""
    with Listener(**values) as listener:
        serve = threading.Thread(target=listener.serve_forever, args=(0.02,))
        serve.start()
        try:
            yield listener
        finally:
            listener.shutdown()
