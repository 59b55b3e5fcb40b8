"""A master that answers JSON-2 from recorded bodies, and saasctl called in-process.

`bodies/errors.json` holds what Odoo 19 answered to a method that raised each error.
"""

import copy
import json
import sys
import threading
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

ANSWERS = json.loads((HERE / "bodies" / "answers.json").read_text())
ERRORS = json.loads((HERE / "bodies" / "errors.json").read_text())

Call = namedtuple("Call", "method arguments key")
Result = namedtuple("Result", "code out err")


class Master:
    """An HTTP server whose answers a test chooses."""

    def __init__(self):
        self.calls = []
        self._answers = {}
        master = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                master._answer(self)

            def log_message(self, *_arguments):
                """Keep the test's output to itself."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,)).start()

    def answers(self, method, *bodies, status=200):
        """Answer a method with these bodies in turn, then with the last for ever."""
        self._answers[method] = [(status, body) for body in copy.deepcopy(bodies)]

    def refuses(self, method, error):
        """Answer a method as Odoo 19 does when it raises."""
        recorded = ERRORS[error]
        self._answers[method] = [(recorded["status"], recorded["body"])]

    def drops(self, method, times, *bodies):
        """Close the connection some times, then answer."""
        self._answers[method] = [(0, None)] * times + [(200, body) for body in bodies]

    def called(self, method):
        """Return the arguments of the last call of a method."""
        return [call.arguments for call in self.calls if call.method == method][-1]

    def methods(self):
        """Return the names of what was called, in order, polls told once."""
        return list(dict.fromkeys(call.method for call in self.calls))

    def stop(self):
        """Stop answering and free the port."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        model, method = handler.path.removeprefix("/json/2/").split("/")
        assert model == "saas.api"
        key = handler.headers["Authorization"].removeprefix("Bearer ")
        self.calls.append(Call(method, json.loads(body), key))
        queue = self._answers[method]
        status, answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if not status:
            handler.close_connection = True
            return handler.connection.close()
        raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json; charset=utf-8")
        handler.send_header("Content-Length", str(len(raw)))
        if status in (301, 302, 308):
            handler.send_header("Location", answer)
        handler.end_headers()
        return handler.wfile.write(raw)


@pytest.fixture
def master():
    """A master that is stopped after the test."""
    master = Master()
    yield master
    master.stop()


@pytest.fixture
def answers():
    """Return what a master of the contract answers, to alter at will."""
    return copy.deepcopy(ANSWERS)


@pytest.fixture
def key():
    """The operators' key."""
    return "4f5e6d7c8b9a00112233445566778899aabbccdd"


@pytest.fixture
def key_file(tmp_path, key):
    """A key file as saasctl wants it."""
    path = tmp_path / "key"
    path.write_text(f"{key}\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def environment(monkeypatch, tmp_path, master, key_file):
    """An environment in which saasctl finds this master alone."""
    values = {
        "RUN_DIR": str(tmp_path / "run"),
        "SAASCTL_URL": master.url,
        "SAASCTL_KEY_FILE": str(key_file),
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


@pytest.fixture
def saasctl(environment, capsys):
    """Return a function that runs saasctl and returns its code and output."""
    from saasctl_cli.main import main

    def run(*arguments):
        code = main(list(arguments))
        return Result(code, *capsys.readouterr())

    return run


@pytest.fixture
def creating(master, answers):
    """A master that creates the instance acme in three polls."""
    acme, operations = answers["instance_show"], answers["operations"]
    created = {**acme, "status": "creating", "operation": operations[0]}
    master.answers("instance_create", created)
    master.answers("operation_show", *operations)
    master.answers("instance_show", acme)
    return master
