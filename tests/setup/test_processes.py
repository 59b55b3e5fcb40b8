import dataclasses
import fcntl
import os
import signal
import socket
import subprocess

import pytest

from scripts.setup import processes, tenants
from scripts.setup.choices import load
from scripts.setup.runner import wait_for

# The child lets go of the lock, as Odoo's websocket server does.
SERVER = ["sh", "-c", "sleep 60 3<&- & wait"]
LOOPBACKS = [("127.0.0.1", socket.AF_INET)]
if processes.has_ipv6():
    LOOPBACKS.append(("::1", socket.AF_INET6))


@pytest.fixture
def run(tmp_path):
    for folder in processes.lock_folders(tmp_path):
        folder.mkdir(parents=True)
    return tmp_path


@pytest.fixture
def server(run):
    """A server under its lock, with a child that does not hold it."""
    lock = run / "data-plane/locks/one.lock"
    process = subprocess.Popen(["flock", "-F", lock, *SERVER])
    wait_for(lambda: len(processes.servers(run)) == 2, 5, "the server")
    yield process
    processes.end(processes.servers(run))
    process.wait()


def test_a_server_is_known_by_its_lock_with_its_children(run, server):
    assert server.pid in processes.servers(run, "one")
    assert processes.servers(run, "other") == set()


def test_ending_it_frees_the_lock(run, server):
    processes.end(processes.servers(run, "one"), sign=signal.SIGTERM)

    with open(run / "data-plane/locks/one.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_another_platforms_servers_are_not_ours(tmp_path, run, server):
    assert processes.servers(tmp_path / "other") == set()


@pytest.mark.parametrize(("address", "family"), LOOPBACKS)
def test_who_listens_is_named_by_address_and_port(address, family):
    with socket.create_server((address, 0), family=family) as listener:
        port = listener.getsockname()[1]
        pid = processes.listeners()[address, port]

    assert pid == os.getpid()
    assert processes.name_of(pid)


@pytest.fixture
def hostile():
    """A tenant's process with a name that is no text and ends no bracket."""
    script = r"""
open("/proc/self/comm", "wb").write(b"\xff) Z 1\x1b[2J")
print(flush=True)
import time; time.sleep(60)
"""
    uid = 1900000001
    process = subprocess.Popen(
        ["/usr/bin/python3", "-c", script], user=uid, stdout=subprocess.PIPE, cwd="/"
    )
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_process_that_is_named_by_no_text_hides_nobody(run, server, hostile):
    assert server.pid in processes.servers(run, "one")
    assert processes.is_alive(hostile.pid)
    assert processes.parent_of(hostile.pid) == os.getpid()
    assert processes.user_of(hostile.pid) == 1900000001
    assert processes.name_of(hostile.pid) == "\\xff) Z 1?[2J"


@pytest.fixture
def platform(tmp_path, monkeypatch):
    """A platform that claims the hostile tenant's user id by its rule."""
    environ = {"RUN_DIR": str(tmp_path), "TENANT_UID_BASE": "1900000000"}
    settings = load(environ | {"TENANT_UID_COUNT": "10"})
    rule = tmp_path / "rule"
    rule.touch()
    monkeypatch.setattr(type(settings), "sudoers", rule)
    return settings


def test_what_a_tenant_left_running_without_a_lock_is_ended(platform, hostile):
    assert tenants.end_all(platform) == "ended what 1 tenants had left"

    assert hostile.wait(5) == -signal.SIGKILL
    assert tenants.end_all(platform) == "none left"


def test_other_users_processes_are_left_alone(platform, hostile):
    tenants.end_all(dataclasses.replace(platform, uid_base=1900000002))

    assert processes.is_alive(hostile.pid)


def test_user_ids_that_the_platform_does_not_claim_are_left_alone(platform, hostile):
    platform.sudoers.unlink()

    tenants.end_all(platform)

    assert processes.is_alive(hostile.pid)
