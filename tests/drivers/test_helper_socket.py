"""The root helper by its socket, as the data plane's supervisor runs it on a swarm."""

import configparser
import json
import os
import socket
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from drivers.errors import NotOurs, PermanentInfraError, RetryableInfraError
from drivers.helper_socket import SocketHelper
from real_machine import CHECKOUT, wait_until

CONF = CHECKOUT / "config/supervisor/helper.conf"
CALL = """
import sys
from drivers.helper_socket import SocketHelper
SocketHelper(sys.argv[1]).call("usage")
"""


@pytest.fixture(scope="module")
def listening(machine):
    """The socket of a helper that listens."""
    (machine.run / "helper").mkdir()
    conf = configparser.ConfigParser(interpolation=None)
    conf.read_string(CONF.read_text().replace("@run@", str(machine.run)))
    command = conf["program:helper"]["command"]
    process = subprocess.Popen(["/bin/sh", "-c", f"exec {command}"], cwd="/")
    path = machine.run / "helper/helper.sock"
    wait_until(path.exists, "the helper's socket")
    yield path
    process.terminate()
    process.wait(10)


@pytest.fixture
def helper(listening):
    return SocketHelper(str(listening))


def test_a_directory_is_made_copied_and_removed_by_it(machine, helper, tenants):
    one, other = (tenants.make().directory for _ in range(2))
    driver = machine.directory(helper=helper, remote=True)
    driver.ensure_directory(one)
    kept = machine.path(one) / "filestore/tmpl/kept"
    kept.parent.mkdir()
    kept.write_bytes(os.urandom(3 * 1024**2))
    driver.ensure_directory(other)
    driver.copy_filestore(other, one, "tmpl", "clone")
    copied = machine.path(other) / "filestore/clone/kept"
    assert copied.read_bytes() == kept.read_bytes()
    for each in (one, other):
        driver.remove_directory(each)
        assert not machine.path(each).exists()


def test_many_may_call_at_once(helper):
    with ThreadPoolExecutor(40) as callers:
        answers = [*callers.map(lambda _: helper.call("usage"), range(40))]
    assert len(answers) == 40


def test_what_it_refuses_is_told_by_its_kind(helper):
    stranger = f"saasodoo:{uuid4()}:{uuid4()}"
    with pytest.raises(NotOurs, match="no mark of this platform"):
        helper.call("program_keep_stopped", name="odoo_x", mark=stranger)
    with pytest.raises(PermanentInfraError, match="No such verb"):
        helper.call("shell")


def test_a_long_request_is_read_to_its_end(helper):
    with pytest.raises(PermanentInfraError, match="Wrong arguments"):
        helper.call("usage", evil="x" * 900_000)


def test_work_that_takes_longer_than_a_moment_is_waited_for(
    machine, listening, tmp_path
):
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\ncat >/dev/null; sleep 2; echo '{\"ok\": true}'\n")
    slow.chmod(0o755)
    program = machine.run / "code/bin/root-helper"
    kept = program.read_bytes()
    program.write_bytes(slow.read_bytes())
    try:
        assert SocketHelper(str(listening)).call("usage") == {}
        with pytest.raises(RetryableInfraError, match="longer than 0.5 s for usage"):
            SocketHelper(str(listening), timeout=0.5).call("usage")
    finally:
        program.write_bytes(kept)


def test_its_users_alone_may_call_it(listening):
    state = listening.stat()
    assert (stat.S_IMODE(state.st_mode), state.st_uid) == (0o660, 0)
    assert listening.group() == "saas-jobs"
    with pytest.raises(subprocess.CalledProcessError) as caught:
        subprocess.run(
            [sys.executable, "-c", CALL, listening],
            user=220999,
            group=220999,
            extra_groups=[],
            cwd="/",
            env={"PYTHONPATH": str(CHECKOUT / "addons/saas_infra")},
            check=True,
            capture_output=True,
            text=True,
        )
    assert "Permission denied" in caught.value.stderr


def test_whoever_says_nothing_keeps_nobody_waiting(listening, helper):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(str(listening))
        assert helper.call("usage")
        silent.shutdown(socket.SHUT_WR)
        answer = json.loads(silent.makefile().read())
    assert answer["message"] == "No such verb."


def test_a_helper_that_does_not_listen_is_told_with_the_cure(machine):
    gone = SocketHelper(str(machine.run / "nowhere.sock"))
    with pytest.raises(RetryableInfraError, match="does not listen") as caught:
        gone.call("usage")
    assert "make doctor" in caught.value.cure
