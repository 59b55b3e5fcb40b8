"""What a start takes without a platform, a swarm and a proxy: `docker run` alone."""

import configparser
import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path

from master import call
from measure import Stopwatch, summarise
from plain import free_port, serving

SECRETS, FILES = "/run/secrets", "/var/lib/odoo"
CONF = "odoo.conf"
# By which a Swarm's tenants reach the database; it lets them in from nowhere else
BRIDGE = "docker_gwbridge"
SECRET_HEADER = "X-SaaSOdoo-Secret"


def image_of(platform, name):
    """Return the image that an instance runs."""
    return _look_at(platform, _container_of(platform, name))["Image"]


def run_alone(platform, name, count):
    """Run the image of an instance on its database and files, by `docker run`.

    :param str name: the instance, which is stopped meanwhile
    :param int count: how often
    :return: the figures
    """
    container = _container_of(platform, name)
    found = _look_at(platform, container)
    with tempfile.TemporaryDirectory() as folder:
        _copy_secrets(platform, container, found, folder)
        platform.saasctl("instance", "stop", name, "--yes", "--wait")
        seconds = [_once(platform, found, folder) for _ in range(count)]
    platform.saasctl("instance", "start", name, "--wait")
    return {"docker run of a ready instance": summarise(seconds)}


def _container_of(platform, name):
    [container] = platform.containers_of(call(platform, "instance_show", ref=name))
    return container


def _look_at(platform, container):
    [found] = json.loads(platform.docker("inspect", container))
    return found


def _copy_secrets(platform, container, found, folder):
    """Have in a folder what the tenant reads at its start, for its user alone."""
    uid = int(found["Config"]["User"].partition(":")[0])
    for name in platform.docker("exec", container, "ls", SECRETS).split():
        path = Path(folder, name)
        text = platform.docker("exec", container, "cat", f"{SECRETS}/{name}")
        path.touch(mode=0o400)
        path.write_text(f"{text}\n")
        shutil.chown(path, uid)
    os.chmod(folder, 0o700)
    shutil.chown(folder, uid)


def _once(platform, found, folder):
    port, limits = free_port(platform), found["HostConfig"]
    variables = [word for text in found["Config"]["Env"] for word in ("-e", text)]
    [files] = [m["Source"] for m in found["Mounts"] if m["Destination"] == FILES]
    command = [
        "docker", "-H", platform.setting("DOCKER_HOST"), "run", "--rm",
        *("--network", BRIDGE, "--publish", f"127.0.0.1:{port}:{port}"),
        *("--user", found["Config"]["User"], *variables),
        *("--cpus", str(limits["NanoCpus"] / 10**9), "--memory", str(limits["Memory"])),
        *("-v", f"{files}:{FILES}", "-v", f"{folder}:{SECRETS}:ro", found["Image"]),
        *("-c", f"{SECRETS}/{CONF}", "--http-port", str(port)),
        *("--http-interface", "0.0.0.0", "--log-level", "error"),
    ]  # fmt: skip
    conf = configparser.RawConfigParser()
    conf.read(Path(folder, CONF))
    headers = {SECRET_HEADER: conf["saas_tenant"]["proxy_secret"]}
    with contextlib.ExitStack() as stack:
        with Stopwatch() as watch:
            stack.enter_context(serving(command, port, headers))
        return watch.seconds
