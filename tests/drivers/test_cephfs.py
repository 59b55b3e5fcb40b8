"""CephFS: quotas that hold in the tenant, used bytes without walking, snapshots."""

import errno
import json
import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from drivers.errors import PermanentInfraError, RetryableInfraError
from real_machine import wait_until

pytestmark = pytest.mark.slow
MEGABYTE = 1 << 20
QUOTA = 8 * MEGABYTE
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_AS_TENANT = """
import json, os, sys
verb, path, value = json.loads(sys.argv[1])
try:
    if verb == "write":
        with open(path, "wb") as file:
            for _ in range(value):
                file.write(bytes(1 << 20))
    else:
        getattr(os, verb)(path, *([value.encode(), b"0"] if value else []))
except OSError as error:
    print(error.errno, error.strerror)
"""


@pytest.fixture
def kind():
    return "cephfs"


@pytest.fixture
def storage(directory):
    return directory


@pytest.fixture
def other(other_directory):
    driver, _ = other_directory
    driver.ensure_sentinel()
    return driver


@pytest.fixture
def spec(storage, tenants):
    spec = replace(tenants.make().directory, quota=QUOTA)
    storage.ensure_directory(spec)
    yield spec
    storage.remove_directory(spec)


@pytest.fixture
def tenant(ceph, spec):
    return as_tenant(ceph, spec)


def as_tenant(ceph, spec):
    """Work as a tenant, at the tenants' mount.

    :return: a function that takes a verb, a path and a value, and tells the error
    """

    def work(verb, path, value=None):
        request = json.dumps([verb, str(ceph.path(spec) / path), value])
        return subprocess.run(
            ["/usr/bin/python3", "-c", _AS_TENANT, request],
            user=spec.uid,
            group=spec.uid,
            extra_groups=[],
            capture_output=True,
            check=True,
            text=True,
        ).stdout.strip()

    return work


def has_no_room(answer):
    return answer == f"{errno.EDQUOT} Disk quota exceeded"


def written(tenant, path, megabytes):
    """Tell whether the tenant wrote it all."""
    return not tenant("write", path, megabytes)


def used(storage, spec):
    return storage.list_directories(measure=True)[spec.name].used


def test_a_write_past_the_quota_fails_in_the_tenant_in_plain_words(ceph, spec, tenant):
    assert written(tenant, "filestore/small", 4)
    assert has_no_room(tenant("write", "filestore/large", 20))
    stored = ceph.path(spec) / "filestore/large"
    assert stored.stat().st_size <= QUOTA


def test_many_files_in_folders_below_are_stopped_within_seconds(tenant):
    # Ceph sums folders up once a second: what is written meanwhile passes.
    assert not tenant("mkdir", "filestore/database")
    files = (f"filestore/database/{number}" for number in range(200))
    wait_until(lambda: has_no_room(tenant("write", next(files), 1)), "the refusal", 8)


def test_a_full_tenant_logs_in_and_makes_room_by_deleting(tenant):
    assert has_no_room(tenant("write", "filestore/large", 20))
    assert written(tenant, "sessions/session", 1)
    assert not tenant("unlink", "filestore/large")
    wait_until(lambda: written(tenant, "filestore/new", 2), "room after deleting")


def test_sessions_that_grow_without_end_are_stopped_too(tenant):
    assert has_no_room(tenant("write", "sessions/session", 200))


def test_another_quota_takes_effect_at_once(storage, spec, tenant):
    assert has_no_room(tenant("write", "filestore/large", 20))
    storage.set_quota(replace(spec, quota=40 * MEGABYTE))
    wait_until(lambda: written(tenant, "filestore/large", 20), "the larger quota", 5)
    storage.set_quota(spec)
    wait_until(
        lambda: has_no_room(tenant("write", "filestore/more", 1)),
        "the smaller quota",
        5,
    )


def test_the_quota_that_is_listed_is_the_one_that_holds(ceph, storage, spec):
    # A crash came between the directory's marker and its quota.
    filestore = Path(ceph.root(), "odoo_instances", spec.name, "filestore")
    for held in (5 * MEGABYTE, 0):
        os.setxattr(filestore, "ceph.quota.max_bytes", str(held).encode())
        assert storage.list_directories()[spec.name].quota == held


def test_a_tenant_may_neither_lift_its_quota_nor_make_snapshots(tenant):
    refused = f"{errno.EACCES} Permission denied"
    for folder in ("filestore", "sessions", "tmp", "addons"):
        assert tenant("setxattr", folder, "ceph.quota.max_bytes") == refused
        assert tenant("mkdir", f"{folder}/.snap/mine") == refused
    assert has_no_room(tenant("write", "filestore/large", 20))


def test_used_bytes_are_counted_without_a_walk(storage, spec, tenant):
    assert written(tenant, "filestore/file", 3)
    assert written(tenant, "sessions/session", 1)
    counted = 4 * MEGABYTE
    wait_until(lambda: used(storage, spec) >= counted, "the counting")
    assert used(storage, spec) < counted + 4096
    assert not tenant("unlink", "filestore/file")
    wait_until(lambda: used(storage, spec) < 2 * MEGABYTE, "the counting of less")


def test_a_copy_that_finds_no_room_is_told_with_its_cure(
    ceph, storage, tenants, spec, tenant
):
    template = tenants.make().directory
    storage.ensure_directory(template)
    in_template = as_tenant(ceph, template)
    assert not in_template("mkdir", "filestore/tmpl")
    assert written(in_template, "filestore/tmpl/file", 1)
    assert has_no_room(tenant("write", "filestore/large", 20))
    wait_until(lambda: used(storage, spec) >= QUOTA - MEGABYTE, "the counting")
    with pytest.raises(PermanentInfraError, match="quota is used up") as refused:
        storage.copy_filestore(spec, template, "tmpl", "clone")
    assert "Raise the quota" in refused.value.cure
    storage.set_quota(replace(spec, quota=10 * QUOTA))
    storage.copy_filestore(spec, template, "tmpl", "clone")
    copied = (ceph.path(spec) / "filestore/clone/file").stat()
    assert (copied.st_size, copied.st_uid) == (MEGABYTE, spec.uid)
    storage.remove_directory(template)


@pytest.fixture
def without_snapshots(storage):
    storage.expire_snapshots(hourly=0, daily=0)
    yield
    storage.expire_snapshots(hourly=0, daily=0)


@pytest.mark.usefixtures("without_snapshots")
def test_a_snapshot_keeps_what_is_deleted_later(ceph, storage, spec, tenant):
    assert written(tenant, "filestore/file", 1)
    name = storage.make_snapshot(NOON)
    assert name == "saasodoo-20260301T120000Z"
    storage.remove_directory(spec)
    kept = f"{storage._root}/.snap/{name}/odoo_instances/{spec.name}/filestore/file"
    assert os.stat(kept).st_size == MEGABYTE
    assert storage.make_snapshot(NOON) == name
    assert storage.list_snapshots() == {name: NOON}


@pytest.mark.usefixtures("without_snapshots")
def test_a_snapshot_of_another_hand_is_neither_listed_nor_removed(storage):
    by_hand = f"{storage._root}/.snap/by-hand"
    os.mkdir(by_hand)
    name = storage.make_snapshot(NOON)
    assert storage.expire_snapshots(hourly=0, daily=0) == [name]
    storage._call("snapshots_remove", names=[name])  # again is no error
    os.rmdir(by_hand)


@pytest.mark.parametrize("name", ["by-hand", "../saasodoo-20260301T120000Z", ""])
def test_a_snapshot_of_another_name_is_refused(storage, name):
    for verb, arguments in (
        ("snapshot_make", {"name": name}),
        ("snapshots_remove", {"names": [name]}),
    ):
        with pytest.raises(PermanentInfraError, match="Not a snapshot"):
            storage._call(verb, **arguments)


def test_a_storage_that_is_not_mounted_is_refused_and_not_marked(ceph, other, tenants):
    with ceph.unmounted("other"):
        for touch in (
            other.check,
            other.list_directories,
            other.ensure_sentinel,
            other.list_snapshots,
            lambda: other.make_snapshot(NOON),
            lambda: other.ensure_directory(tenants.make().directory),
        ):
            with pytest.raises(PermanentInfraError, match="not mounted") as refused:
                touch()
            assert "Mount" in refused.value.cure
        assert os.listdir(ceph.root("other")) == []
    other.check()


def test_a_marked_folder_of_this_disk_is_no_cephfs(ceph, other):
    with ceph.unmounted("other"):
        plain = ceph.machine.directory("ceph-other", storage_uuid=other._storage_uuid)
        plain.ensure_sentinel()
        plain.check()
        with pytest.raises(PermanentInfraError, match="is not on CephFS"):
            other.check()
        subprocess.run(["find", ceph.root("other"), "-mindepth", "1", "-delete"])


def test_a_dead_mds_holds_nobody_and_needs_no_repair(ceph, spec, tenant, monkeypatch):
    monkeypatch.setattr("drivers.storage_view.PATIENCE", 2.0)
    driver = ceph.directory(helper=ceph.machine.helper(timeout=2.0))
    with ceph.dead_mds(), pytest.raises(RetryableInfraError):
        driver.set_quota(replace(spec, quota=2 * QUOTA))
    wait_until(lambda: works(driver, spec), "the answer of the next MDS", 60)
    assert written(tenant, "filestore/file", 1)


def works(driver, spec):
    try:
        driver.set_quota(spec)
    except RetryableInfraError:
        return False
    return True


def test_a_login_that_may_not_set_quotas_is_told_with_its_cure(ceph, other, tenants):
    spec = tenants.make().directory
    with ceph.unmounted("other"), ceph.mounted("tenants", "other"):
        with pytest.raises(PermanentInfraError, match="lacks the flag p") as refused:
            other.ensure_directory(spec)
        assert "allow rwps" in refused.value.cure
        with pytest.raises(PermanentInfraError, match="lacks the flag s"):
            other.make_snapshot(NOON)
    other.ensure_directory(spec)  # with the platform's it is set straight
    other.remove_directory(spec)
