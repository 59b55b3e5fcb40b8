"""The plain way, for comparison: `odoo -i`, then start, then the first page."""

import contextlib
import os
import pwd
import shutil
import subprocess
import time
import uuid
from pathlib import Path

import requests
from measure import Stopwatch, summarise
from targets import PLAIN

ADMIN, USER = "saas_admin", "saas-jobs"
MODULES = "web,mail,contacts,calendar"


def install_and_start(platform, count, image=None):
    """Make a database with `odoo -i`, start Odoo on it, wait for /web/login.

    It runs as the master's own user, on a database that is dropped afterwards.

    :param int count: how often
    :param str image: run it in containers of this image, else in the master's Python
    :return: the figures
    """
    seconds = [_once(platform, image) for _ in range(count)]
    return {PLAIN: summarise(seconds)}


def free_port(platform):
    """Return a port of the platform that no tenant has."""
    return int(platform.setting("PORT_BASE")) + 2990


@contextlib.contextmanager
def serving(command, port, headers=None, environment=None):
    """Have a server run for a while; first of all wait for its login page.

    :param list command: what stays until it is told to end
    :param int port: of 127.0.0.1
    """
    server = subprocess.Popen(command, env=environment, cwd="/")
    try:
        while not _lets_in(port, headers):
            assert server.poll() is None, "Odoo ended before it answered"
            time.sleep(0.02)
        yield
    finally:
        server.terminate()
        server.wait(60)


def _once(platform, image):
    name, port = f"bench_{uuid.uuid4().hex[:8]}", free_port(platform)
    folder = Path("/tmp", name)
    environment = _environment(platform)
    if image:
        python = _in_container(platform, image, folder, environment)
    else:
        python = _as_user(platform)
    odoo = [
        *python, *("-m", "odoo", "-d", name, "--data-dir", str(folder)),
        *("--http-interface", "127.0.0.1", "--http-port", str(port)),
        *("--log-level", "error", "--max-cron-threads", "1"),
    ]  # fmt: skip
    folder.mkdir(mode=0o700)
    shutil.chown(folder, USER, USER)
    try:
        with contextlib.ExitStack() as stack:
            with Stopwatch() as watch:
                subprocess.run(
                    [*odoo, "-i", MODULES, "--stop-after-init"],
                    env=environment, cwd="/", check=True, timeout=600,
                )  # fmt: skip
                stack.enter_context(serving(odoo, port, environment=environment))
            return watch.seconds
    finally:
        drop = ["dropdb", "--if-exists", "--force", name]
        subprocess.run(drop, env=environment, check=True)
        shutil.rmtree(folder)


def _environment(platform):
    host, port, password = _admin_login(platform)
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/tmp",
        "PGHOST": host,
        "PGPORT": port,
        "PGUSER": ADMIN,
        "PGPASSWORD": password,
    }


def _as_user(platform):
    python = platform.run_dir / "code/venv/bin/python"
    who = (f"--reuid={USER}", f"--regid={USER}", "--clear-groups")
    return ["setpriv", *who, str(python)]


def _in_container(platform, image, folder, environment):
    """Return the words before those of Python: what is secret is in none of them."""
    user = pwd.getpwnam(USER)
    names = [word for name in environment if name != "PATH" for word in ("-e", name)]
    return [
        "docker", "-H", platform.setting("DOCKER_HOST"), "run", "--rm",
        *("--network", "host", "--user", f"{user.pw_uid}:{user.pw_gid}", *names),
        *("-v", f"{folder}:{folder}", "--entrypoint", "python3", image),
    ]  # fmt: skip


def _admin_login(platform):
    for line in (platform.run_dir / "etc/pgpass").read_text().splitlines():
        host, port, _, role, password = line.split(":")
        if role == ADMIN:
            return host, port, password
    raise KeyError(ADMIN)


def _lets_in(port, headers):
    with contextlib.suppress(requests.ConnectionError):
        url = f"http://127.0.0.1:{port}/web/login"
        return requests.get(url, headers=headers, timeout=60).status_code == 200
    return False
