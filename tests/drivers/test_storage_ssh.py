"""A storage that is mounted at another machine: what its key can do there."""

import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from drivers.errors import PermanentInfraError, RetryableInfraError
from drivers.helper_ssh import SshHelper
from real_machine import wait_until

from scripts.setup import storage_host as preparation
from scripts.setup.runner import Failure

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MEGABYTE = 1 << 20


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


@pytest.fixture
def far(storage_host, ceph):
    return storage_host.directory(
        "ceph-storage", kind="cephfs", storage_uuid=ceph.storage_uuid
    )


@pytest.mark.slow
def test_quotas_and_used_bytes_of_cephfs_are_kept_over_ssh(ceph, far, tenants):
    spec = replace(tenants.make().directory, quota=8 * MEGABYTE)
    far.ensure_directory(spec)
    far.set_quota(replace(spec, quota=9 * MEGABYTE))
    folder = ceph.path(spec) / "filestore"
    quota = os.getxattr(folder, "ceph.quota.max_bytes")
    assert int(quota) == 9 * MEGABYTE
    (folder / "file").write_bytes(bytes(3 * MEGABYTE))
    wait_until(
        lambda: far.list_directories(measure=True)[spec.name].used > 3 * MEGABYTE - 1,
        "the counting",
    )
    assert 0 < far.room()["free"] <= far.room()["total"]
    far.remove_directory(spec)


@pytest.mark.slow
def test_snapshots_are_made_listed_and_expired_over_ssh(ceph, far):
    far.expire_snapshots(hourly=0, daily=0)
    names = [far.make_snapshot(NOON + timedelta(hours=n)) for n in range(3)]
    assert list(far.list_snapshots()) == names
    assert far.list_snapshots() == ceph.directory().list_snapshots()
    assert far.expire_snapshots(hourly=1, daily=1) == names[:2]
    assert list(far.list_snapshots()) == names[2:]
    far.expire_snapshots(hourly=0, daily=0)


@pytest.mark.slow
def test_a_mount_that_is_gone_there_is_noticed_here(ceph, storage_host):
    uuid = "33333333-3333-4333-8333-333333333333"
    with ceph.unmounted("other"):
        far = storage_host.directory("ceph-other", kind="cephfs", storage_uuid=uuid)
        for touch in (
            far.check,
            far.ensure_sentinel,
            far.list_snapshots,
            lambda: far.make_snapshot(NOON),
        ):
            with pytest.raises(PermanentInfraError, match="not mounted") as refused:
                touch()
            assert "Mount" in refused.value.cure
