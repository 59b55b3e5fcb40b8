"""The plain way, for comparison: `odoo -i`, then start, then the first page."""

import os
import subprocess
import time
import uuid

import requests
from measure import Stopwatch, summarise
from targets import PLAIN

ADMIN = "saas_admin"


def install_and_start(platform, modules, port, count):
    """Make a database with `odoo -i`, start Odoo on it, wait for /web/login.

    It runs as the master's own user, on a database that is dropped afterwards.

    :param str modules: separated by commas
    :param int port: a free one
    :return: the figures
    """
    seconds = [_once(platform, modules, port) for _ in range(count)]
    return {PLAIN: summarise(seconds)}


def _once(platform, modules, port):
    name = f"bench_{uuid.uuid4().hex[:8]}"
    host, server_port, password = _admin_login(platform)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/tmp",
        "PGHOST": host,
        "PGPORT": server_port,
        "PGUSER": ADMIN,
        "PGPASSWORD": password,
    }
    odoo = [
        *("setpriv", "--reuid=saas-jobs", "--regid=saas-jobs", "--clear-groups"),
        str(platform.run_dir / "code/venv/bin/python"),
        *("-m", "odoo", "-d", name, "--data-dir", f"/tmp/{name}"),
        *("--http-interface", "127.0.0.1", "--http-port", str(port)),
        *("--log-level", "error", "--max-cron-threads", "1"),
    ]
    try:
        with Stopwatch() as watch:
            subprocess.run(
                [*odoo, "-i", modules, "--stop-after-init"],
                env=environment, cwd="/", check=True, timeout=600,
            )  # fmt: skip
            server = subprocess.Popen(odoo, env=environment, cwd="/")
            try:
                _wait_for_login(port, server)
            finally:
                server.terminate()
        server.wait(60)
        return watch.seconds
    finally:
        subprocess.run(
            ["dropdb", "--if-exists", "--force", name], env=environment, check=True
        )
        subprocess.run(["rm", "-rf", f"/tmp/{name}"], check=True)


def _admin_login(platform):
    for line in (platform.run_dir / "etc/pgpass").read_text().splitlines():
        host, port, _, role, password = line.split(":")
        if role == ADMIN:
            return host, port, password
    raise KeyError(ADMIN)


def _wait_for_login(port, server):
    while server.poll() is None:
        try:
            url = f"http://127.0.0.1:{port}/web/login"
            if requests.get(url, timeout=60).status_code == 200:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.02)
    raise AssertionError("Odoo ended before it answered")
