"""The master over JSON-2, without the start of a command in the figures."""

import json
import threading
import time

import requests

_local = threading.local()


def call(platform, method, **arguments):
    """Call a method of ``saas.api``.

    :return: what it returns
    """
    stored = json.loads((platform.run_dir / "etc/saasctl.json").read_text())
    if not hasattr(_local, "session"):
        _local.session = requests.Session()
        with open(stored["key_file"]) as key:
            _local.session.headers["Authorization"] = f"Bearer {key.read().strip()}"
    answer = _local.session.post(
        f"{stored['url']}/json/2/saas.api/{method}", json=arguments, timeout=60
    )
    assert answer.status_code == 200, answer.text[:500]
    return answer.json()


def request_instance(platform, name):
    """Ask for an instance of a customer of its own."""
    return call(
        platform,
        "instance_create",
        plan="starter",
        subdomain=name,
        customer=f"Bench {name}",
        email=f"owner@{name}.test",
    )


def operation_of(platform, name):
    """Return the last operation of an instance, once it has ended, done or not."""
    while True:
        operation = call(platform, "instance_show", ref=name)["operation"]
        if operation["state"] not in ("queued", "running"):
            return operation
        time.sleep(0.05)
