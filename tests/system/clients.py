"""Who works in a tenant while something happens to it, and whom that cost an answer."""

import base64
import contextlib
import json
import threading
import time
from urllib.parse import urlsplit

import websocket
from people import call

CHUNK = 64 * 1024
MEBIBYTE = 1024**2
LONG = "env.cr.execute('SELECT pg_sleep({})')\naction = {{'type': 'done'}}"
PAUSE = 0.02  # a proxy's limits are for others


class Client(threading.Thread):
    """Asks one thing again and again, until it is told to end.

    :param ask: takes nothing; returns the answer, with its ``status_code``
    """

    def __init__(self, ask):
        super().__init__(daemon=True)
        self._ask, self._over = ask, threading.Event()
        self.count, self.failures, self.slowest = 0, [], 0.0

    def run(self):
        while not self._over.is_set():
            began = time.monotonic()
            try:
                status = self._ask().status_code
            except OSError as error:
                status = repr(error)
            self.count += 1
            self.slowest = max(self.slowest, time.monotonic() - began)
            if status != 200:
                self.failures.append(status)
            time.sleep(PAUSE)

    def end(self):
        self._over.set()
        self.join(60)


@contextlib.contextmanager
def at_work(*asked):
    """Have a client ask each of these while the block runs.

    :return: the clients; each has asked at least once before and after
    """
    clients = [Client(ask) for ask in asked]
    for client in clients:
        client.start()
    _let_each_ask(clients)
    try:
        yield clients
        _let_each_ask(clients)
    finally:
        for client in clients:
            client.end()


def _let_each_ask(clients):
    before = [client.count for client in clients]
    while any(c.count < n + 2 for c, n in zip(clients, before, strict=True)):
        time.sleep(0.05)


class SlowBody:
    """A body that takes some seconds to be sent.

    :param bytes content: all of it
    :param float seconds: how long it takes
    """

    def __init__(self, content, seconds):
        self._content, self._place = content, 0
        self._pause = seconds * CHUNK / len(content)

    def __len__(self):
        return len(self._content)

    def read(self, _size=-1):
        time.sleep(self._pause)
        part = self._content[self._place : self._place + CHUNK]
        self._place += len(part)
        return part


class Listener(threading.Thread):
    """A page's web socket: connects again where it is closed, as browsers do.

    :param str url: of the tenant
    :param str session: value of the session's cookie
    :param str authority: file of the CA that the address is trusted by
    """

    def __init__(self, url, session, authority):
        super().__init__(daemon=True)
        parts = urlsplit(url)
        scheme = {"http": "ws", "https": "wss"}[parts.scheme]
        self._address = f"{scheme}://{parts.netloc}/websocket?version=19.0-2"
        self._options = {
            "origin": url,
            "cookie": f"session_id={session}",
            "timeout": 1,
            "sslopt": {"ca_certs": authority},
        }
        self._over = threading.Event()
        self.connections = 0
        self.is_open = False

    def run(self):
        while not self._over.is_set():
            with contextlib.suppress(OSError, websocket.WebSocketException):
                self._listen()
            self.is_open = False
            time.sleep(0.2)

    def _listen(self):
        connection = websocket.create_connection(self._address, **self._options)
        with contextlib.closing(connection):
            self.connections += 1
            self.is_open = True
            words = {"event_name": "subscribe", "data": {"channels": [], "last": 0}}
            connection.send(json.dumps(words))
            while not self._over.is_set():
                with contextlib.suppress(websocket.WebSocketTimeoutException):
                    if not connection.recv():
                        return

    def end(self):
        self._over.set()
        self.join(10)


def ask_as_owner(visitor, url):
    """Ask what only somebody who is logged in is told."""
    return visitor.post(
        f"{url}/web/dataset/call_kw/res.partner/search_count",
        json={
            "params": {
                "model": "res.partner",
                "method": "search_count",
                "args": [[]],
                "kwargs": {},
            }
        },
    )


def run_long(visitor, url, seconds):
    """Have the tenant work on one request for some time.

    :return: what that gives
    """
    [model] = call(visitor, url, "ir.model", "search", [["model", "=", "res.users"]])
    values = {
        "name": "long",
        "model_id": model,
        "state": "code",
        "code": LONG.format(seconds),
    }
    action = call(visitor, url, "ir.actions.server", "create", [values])
    return call(visitor, url, "ir.actions.server", "run", action)


def upload_slowly(visitor, url, seconds):
    """Upload a file of 8 MiB; return its size as it is kept."""
    content = base64.b64encode(b"x" * 8 * MEBIBYTE).decode()
    body = {
        "params": {
            "model": "ir.attachment",
            "method": "create",
            "args": [[{"name": "large.bin", "datas": content}]],
            "kwargs": {},
        }
    }
    answer = visitor.post(
        f"{url}/web/dataset/call_kw/ir.attachment/create",
        data=SlowBody(json.dumps(body).encode(), seconds),
        headers={"Content-Type": "application/json"},
    )
    made = answer.json()["result"]
    [found] = call(visitor, url, "ir.attachment", "read", made, ["file_size"])
    return found["file_size"]
