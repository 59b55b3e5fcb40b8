"""A storage that is mounted at another machine: what its key can do there."""

import subprocess

import pytest
from drivers.errors import PermanentInfraError, RetryableInfraError
from drivers.helper_ssh import SshHelper

from scripts.setup import storage_host as preparation
from scripts.setup.runner import Failure


def ssh(host, *command):
    sshd = host.sshd
    known = sshd.run / "known_hosts"
    port = sshd.address.rpartition(":")[2]
    public = (sshd.run / "host.pub").read_text()
    known.write_text(f"[127.0.0.1]:{port} {public}")
    return subprocess.run(
        [
            *("ssh", "-T", "-F", "none", "-p", port, "-i", sshd.run / "client"),
            *("-o", f"UserKnownHostsFile={known}", "-o", "BatchMode=yes"),
            *("root@127.0.0.1", *command),
        ],
        input="",
        capture_output=True,
        text=True,
    )


def test_the_key_runs_the_helper_whatever_else_it_asks_for(storage_host):
    said = ssh(storage_host, "id").stdout
    assert "uid=" not in said
    assert '"message": "No such verb."' in said


def test_the_helper_there_has_no_tenants_to_work_on(storage_host):
    for verb in ("program_write", "end_processes", "usage", "log_tail"):
        with pytest.raises(PermanentInfraError, match="storages, and no tenants"):
            storage_host.helper().call(verb)


def test_a_root_that_was_not_allowed_there_is_refused(storage_host):
    driver = storage_host.directory("small")
    with pytest.raises(PermanentInfraError, match="no storage of this platform"):
        driver.check()


def test_one_connection_serves_many_calls_and_is_made_anew(storage_host):
    before = storage_host.sshd.logins()
    driver = storage_host.directory()
    driver.check()
    driver.list_directories()
    assert storage_host.sshd.logins() == before + 1
    driver._helper._client.close()
    driver.check()
    assert storage_host.sshd.logins() == before + 2


def test_a_key_that_is_refused_and_another_host_are_named(storage_host):
    for login, message in (
        ({"key": "stranger"}, "does not let this platform in"),
        ({"host": "stranger"}, "shows the host key"),
    ):
        driver = storage_host.directory(helper=storage_host.helper(**login))
        with pytest.raises(PermanentInfraError, match=message) as caught:
            driver.check()
        assert caught.value.cure


def test_a_machine_that_does_not_answer_may_do_so_later(storage_host):
    login = storage_host.sshd.login()
    driver = storage_host.directory(helper=SshHelper("ssh://root@127.0.0.1:9", login))
    with pytest.raises(RetryableInfraError, match="127.0.0.1:9 does not answer"):
        driver.check()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"platform": "none"}, "PLATFORM=none is no UUID"),
        ({"uids": "200000"}, "is no range"),
        ({"uids": "5-4"}, "is no range"),
        ({"key": "ssh-ed25519 AAAA\ncommand"}, "is no public key"),
        ({"root": "/nowhere"}, "is no directory"),
    ],
)
def test_what_a_machine_cannot_be_prepared_with_is_refused(
    storage_host, platform, changed, message
):
    values = {
        "run": storage_host.run,
        "root": storage_host.root(),
        "platform": platform,
        "uids": "200000-209999",
        "key": storage_host.sshd.public_key,
    }
    before = (storage_host.run / "etc/helper.json").read_text()
    with pytest.raises(Failure, match=message):
        preparation.install(**values | changed)
    assert (storage_host.run / "etc/helper.json").read_text() == before
