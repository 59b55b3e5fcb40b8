"""Stands in for a tenant's Odoo: starts at once and tells what it was given."""

import contextlib
import json
import os
import resource
import signal
import sys
import time
from configparser import RawConfigParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits 40 ms for an acknowledgement

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/crash":
            os._exit(1)
        limits = fork_bomb() if self.path == "/fork-bomb" else None
        content = {
            "pid": os.getpid(),
            "ids": [os.getresuid(), os.getresgid(), os.getgroups()],
            "environment": dict(os.environ),
            "path": self.path,
            "limits": limits,
            "headers": {name.lower(): value for name, value in self.headers.items()},
        }
        body = json.dumps(content).encode()
        self.send_response(503 if self.path == "/busy" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-SaaSOdoo-Secret", "leak")
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *args):
        print("asked", self.path, flush=True)


def fork_bomb():
    """Fork as often as the system lets it; end them all again.

    :return: how many there were, and how many bytes one could address
    """
    children = []
    with contextlib.suppress(BlockingIOError):
        while len(children) < 5000:
            child = os.fork()
            if not child:
                signal.pause()
            children.append(child)
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return len(children), resource.getrlimit(resource.RLIMIT_AS)


def read_conf(arguments):
    parser = RawConfigParser()
    parser.read(arguments[arguments.index("-c") + 1])
    return parser["options"]


if __name__ == "__main__":
    # The first process of a container is not ended by a signal that it ignores.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    conf = read_conf(sys.argv)
    if "slow" in conf["db_name"]:
        time.sleep(15)
    if sys.argv[1] == "init":
        print("installing", sys.argv[5], "in", sys.argv[7], flush=True)
        if "broken" in sys.argv[5]:
            sys.exit("the module is broken")
    else:
        print("listening", flush=True)
        ThreadingHTTPServer(
            (conf["http_interface"], int(conf["http_port"])), Handler
        ).serve_forever()
