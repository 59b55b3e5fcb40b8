"""Directories: what the real driver and the fake have in common, then hostile ones."""

import os
import stat
from dataclasses import replace
from uuid import uuid4

import pytest
from drivers.errors import (
    InfraError,
    NotOurs,
    PermanentInfraError,
    RetryableInfraError,
)
from drivers.specs import DirectorySpec
from drivers.storage_view import LocalView
from real_machine import mounted_tmpfs, wait_until
from tenants import stranger

OWN_FOLDERS = ("addons", "filestore", "sessions", "tmp")
MEGABYTE = 1 << 20


KINDS = ["real", "fake", "ssh", pytest.param("cephfs", marks=pytest.mark.slow)]


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def spec(directory, tenants):
    spec = tenants.make().directory
    directory.ensure_directory(spec)
    yield spec
    directory.remove_directory(spec)


def test_a_directory_is_listed_with_its_mark(directory, spec):
    assert directory.list_directories()[spec.name].mark == spec.mark
    assert directory.list_directories()[spec.name].used is None
    wait_until(
        lambda: directory.list_directories(measure=True)[spec.name].used > 0,
        "the counting of its bytes",
    )


def test_only_what_is_named_is_listed_and_measured(directory, spec, tenants):
    other, gone = tenants.make().directory, tenants.make().directory
    directory.ensure_directory(other)
    found = directory.list_directories(measure=True, only=[spec.name, gone.name])
    assert list(found) == [spec.name]
    assert found[spec.name].used is not None
    assert directory.list_directories(only=[]) == {}
    directory.remove_directory(other)


def test_ensuring_twice_changes_nothing(directory, spec):
    before = directory.list_directories()
    directory.ensure_directory(spec)
    assert directory.list_directories() == before


def test_a_directory_is_listed_with_its_quota(directory, spec):
    for quota in (spec.quota, 5 * MEGABYTE, spec.quota):
        directory.set_quota(replace(spec, quota=quota))
        assert directory.list_directories()[spec.name].quota == quota


def test_a_user_of_another_instance_is_refused(
    directory, other_directory, spec, tenants
):
    other, _ = other_directory
    other.ensure_sentinel()
    new = replace(tenants.make().directory, uid=spec.uid)
    for storage in (directory, other):
        with pytest.raises(NotOurs, match=f"User {spec.uid} belongs to {spec.name}"):
            storage.ensure_directory(new)
        assert new.name not in storage.list_directories()
    other.ensure_directory(spec)  # the same instance may be on two
    other.remove_directory(spec)


def test_removing_twice_is_removing_once(directory, spec):
    directory.remove_directory(spec)
    directory.remove_directory(spec)
    assert spec.name not in directory.list_directories()


def test_the_storage_tells_its_room(directory, spec):
    directory.check()
    room = directory.room()
    assert 0 < room["free"] <= room["total"]


@pytest.mark.parametrize(
    "touch",
    [
        lambda driver, spec: driver.ensure_directory(spec),
        lambda driver, spec: driver.set_quota(spec),
        lambda driver, spec: driver.remove_directory(spec),
        lambda driver, spec: driver.copy_filestore(spec, spec, "a", "b"),
    ],
    ids=["ensure", "quota", "remove", "copy"],
)
def test_what_carries_another_mark_is_left_alone(directory, spec, touch):
    with pytest.raises(NotOurs):
        touch(directory, stranger(spec))
    assert directory.list_directories()[spec.name].mark == spec.mark


def test_files_come_only_from_a_directory_that_is_known(directory, spec, tenants):
    with pytest.raises(NotOurs):
        directory.copy_filestore(spec, tenants.make().directory, "a", "b")


def test_files_come_from_another_storage_where_its_root_is_told(
    other_directory, spec, tenants
):
    other, root = other_directory
    other.ensure_sentinel()
    clone = tenants.make().directory
    other.ensure_directory(clone)
    with pytest.raises(NotOurs):
        other.copy_filestore(clone, spec, "tmpl", "clone")
    other.copy_filestore(clone, spec, "tmpl", "clone", source_root=root)
    assert list(other.list_directories()) == [clone.name]
    other.remove_directory(clone)


# Only the real storage can show these


@pytest.fixture
def real(machine):
    return machine.directory()


@pytest.fixture
def own(real, tenants):
    spec = tenants.make().directory
    real.ensure_directory(spec)
    return spec


@pytest.fixture
def template(real, machine, tenants):
    """A template with one file in the filestore of database `tmpl`."""
    spec = tenants.make().directory
    real.ensure_directory(spec)
    plant(machine, spec, "filestore/tmpl/ab/abcd", "attachment")
    return spec


def plant(machine, spec, path, content):
    """Write a file as the tenant would."""
    file = machine.path(spec) / path
    missing = [parent for parent in file.parents if not parent.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700)
        os.chown(folder, spec.uid, spec.uid)
    file.write_text(content)
    os.chown(file, spec.uid, spec.uid)
    return file


def access(path):
    found = path.lstat()
    return found.st_uid, found.st_gid, oct(stat.S_IMODE(found.st_mode))


def test_a_tenant_enters_its_directory_and_writes_in_its_own_folders(machine, own):
    path = machine.path(own)
    assert access(path) == (0, own.uid, "0o750")
    assert access(path / ".saasodoo") == (0, 0, "0o600")
    for folder in OWN_FOLDERS:
        assert access(path / folder) == (own.uid, own.uid, "0o700")


def test_a_clone_gets_the_files_of_its_template_as_its_own(
    real, machine, own, template
):
    for _ in range(2):
        real.copy_filestore(own, template, "tmpl", "clone")
    copied = machine.path(own) / "filestore/clone/ab/abcd"
    assert copied.read_text() == "attachment"
    assert access(copied) == (own.uid, own.uid, "0o600")


@pytest.mark.parametrize("kind", ["real"])
def test_a_clone_on_another_storage_gets_the_files_too(
    machine, other_directory, template, tenants
):
    other, root = other_directory
    other.ensure_sentinel()
    clone = tenants.make().directory
    other.ensure_directory(clone)
    other.copy_filestore(clone, template, "tmpl", "clone", source_root=root)
    copied = machine.path(clone, "other") / "filestore/clone/ab/abcd"
    assert copied.read_text() == "attachment"
    assert access(copied) == (clone.uid, clone.uid, "0o600")
    other.remove_directory(clone)


def test_a_template_without_files_is_copied_as_an_empty_folder(
    real, machine, own, template
):
    real.copy_filestore(own, template, "empty", "clone")
    # The folder tells a tenant that waits for it that its database is ready.
    assert not list((machine.path(own) / "filestore/clone").iterdir())


def test_copying_follows_no_link_of_the_source(real, machine, own, template, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("root's")
    secret.chmod(0o600)
    store = machine.path(template) / "filestore/tmpl"
    (store / "link").symlink_to(secret)
    (store / "folder").symlink_to("/etc")
    real.copy_filestore(own, template, "tmpl", "clone")
    for copied in (machine.path(own) / "filestore/clone").rglob("*"):
        if copied.is_file() and not copied.is_symlink():
            assert copied.read_text() == "attachment"


def test_copying_writes_through_no_link_of_the_target(
    real, machine, own, template, tenants
):
    neighbour = tenants.make().directory
    real.ensure_directory(neighbour)
    victim = machine.path(neighbour) / "filestore"
    (machine.path(own) / "filestore/clone").symlink_to(victim)
    with pytest.raises(InfraError):
        real.copy_filestore(own, template, "tmpl", "clone")
    assert list(victim.iterdir()) == []


def test_removing_follows_no_link(real, machine, own, tmp_path):
    kept = tmp_path / "kept"
    kept.write_text("mine")
    (machine.path(own) / "sessions/link").symlink_to(tmp_path)
    (machine.path(own) / "sessions/file").symlink_to(kept)
    real.remove_directory(own)
    assert kept.read_text() == "mine"
    assert not machine.path(own).exists()


def test_measuring_follows_no_link(real, machine, own, tmp_path):
    (tmp_path / "large").write_bytes(b"x" * 4 * MEGABYTE)
    (machine.path(own) / "sessions/link").symlink_to(tmp_path)
    (machine.path(own) / "filestore/link").symlink_to(tmp_path / "large")
    assert real.list_directories(measure=True)[own.name].used < MEGABYTE
    plant(machine, own, "filestore/two", "x" * 2 * MEGABYTE)
    assert real.list_directories(measure=True)[own.name].used > 2 * MEGABYTE


def test_folders_that_the_tenant_closed_or_nested_deeply_are_measured_and_removed(
    real, machine, own
):
    deep = machine.path(own) / "filestore"
    handle = os.open(deep, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=handle)
        below = os.open("d", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    file = os.open("large", os.O_CREAT | os.O_WRONLY, dir_fd=handle)
    os.write(file, b"x" * MEGABYTE)
    os.close(file)
    os.close(handle)
    (machine.path(own) / "filestore").chmod(0)
    assert real.list_directories(measure=True)[own.name].used > MEGABYTE
    real.remove_directory(own)
    assert not machine.path(own).exists()


def test_a_directory_of_the_same_name_without_a_mark_is_not_ours(
    real, machine, tenants
):
    spec = tenants.make().directory
    path = machine.path(spec)
    path.mkdir()
    (path / "file").write_text("somebody's")
    for touch in (real.ensure_directory, real.remove_directory):
        with pytest.raises(NotOurs):
            touch(spec)
    assert (path / "file").read_text() == "somebody's"
    assert spec.name not in real.list_directories()


def test_what_a_crash_left_half_made_is_made_anew(real, machine, tenants):
    spec = tenants.make().directory
    half = machine.path(spec).with_name(f".new-{spec.name}")
    half.mkdir()
    (half / "left").write_text("over")
    real.ensure_directory(spec)
    assert not half.exists()
    assert not (machine.path(spec) / "left").exists()


def test_what_a_crash_left_half_removed_is_removed(real, machine, own):
    os.unlink(machine.path(own) / ".saasodoo")
    for folder in OWN_FOLDERS:
        os.rmdir(machine.path(own) / folder)
    real.remove_directory(own)
    assert not machine.path(own).exists()


def test_a_directory_belongs_to_one_user_for_good(real, own):
    with pytest.raises(PermanentInfraError, match="belongs to user"):
        real.ensure_directory(replace(own, uid=own.uid + 1))


@pytest.fixture
def small(machine):
    """A storage of its own file system, marked and with 1 MB of room."""
    with mounted_tmpfs(machine.run / "small", "size=1m"):
        (machine.run / "small").chmod(0o755)
        driver = machine.directory("small", storage_uuid=str(uuid4()))
        driver.ensure_sentinel()
        yield driver


def test_a_full_disk_is_told_with_its_cure(small, machine, tenants):
    spec = tenants.make().directory
    small.ensure_directory(spec)
    source = machine.path(spec, "small") / "filestore/tmpl"
    source.mkdir()
    (source / "file").write_bytes(b"x" * 600_000)
    os.chown(source, spec.uid, spec.uid)
    os.chown(source / "file", spec.uid, spec.uid)
    with pytest.raises(PermanentInfraError, match="disk is full"):
        small.copy_filestore(spec, spec, "tmpl", "clone")
    fill = machine.run / "small/fill"
    with pytest.raises(OSError, match="No space"):
        fill.write_bytes(b"x" * 2 * MEGABYTE)
    with pytest.raises(PermanentInfraError, match="disk is full") as full:
        small.ensure_directory(tenants.make().directory)
    assert "storage" in full.value.cure
    fill.unlink()


def test_a_read_only_storage_is_told_before_anything_is_tried(small, machine, tenants):
    os.system(f"mount -o remount,ro {machine.run}/small")
    with pytest.raises(PermanentInfraError, match="read-only"):
        small.ensure_directory(tenants.make().directory)


def test_a_storage_that_is_not_mounted_is_no_empty_storage(machine, tenants):
    driver = machine.directory("small")
    for touch in (
        driver.list_directories,
        driver.room,
        driver.read_fence,
        lambda: driver.set_fence(f"1-{'a' * 16}"),
        lambda: driver.ensure_directory(tenants.make().directory),
        lambda: driver.remove_directory(tenants.make().directory),
    ):
        with pytest.raises(PermanentInfraError, match="not mounted"):
            touch()
    assert list((machine.run / "small").iterdir()) == []


def test_a_storage_that_hangs_holds_nobody_for_ever(machine, tmp_path, monkeypatch):
    monkeypatch.setattr("drivers.storage_view.PATIENCE", 0.1)
    driver = machine.directory()
    driver._view = LocalView(tmp_path)
    os.mkfifo(tmp_path / ".saasodoo-storage")  # whoever opens it waits
    for touch in (driver.check, driver.room, driver.read_fence):
        with pytest.raises(RetryableInfraError, match="does not answer"):
            touch()


def test_a_copy_that_takes_too_long_leaves_nobody_at_work(
    real, machine, own, template, monkeypatch
):
    monkeypatch.setattr("drivers.directory.LONG", 1.0)
    endless = plant(machine, template, "filestore/tmpl/endless", "")
    os.truncate(endless, 1 << 40)
    # On a machine that is busy its caller may be the first to lose patience.
    late = "gave directory_copy up after|took longer than"
    with pytest.raises(RetryableInfraError, match=late):
        real.copy_filestore(own, template, "tmpl", "clone")
    for spec in (own, template):
        wait_until(lambda spec=spec: not machine.processes(spec.uid), "its end")
    real.remove_directory(own)
    real.remove_directory(template)


def test_another_storage_at_the_same_place_is_noticed(machine):
    other = machine.directory(storage_uuid=str(uuid4()))
    for touch in (other.check, other.list_directories, other.ensure_sentinel):
        with pytest.raises(NotOurs):
            touch()


def test_a_fakes_storage_can_be_one_that_nobody_has_marked(world, platform):
    with world.change() as state:
        state["blank"].append("new")
    new = world.directory(platform, root="new")
    with pytest.raises(PermanentInfraError, match="not mounted"):
        new.check()
    world.directory(platform).check()
    new.ensure_sentinel()
    new.check()


def test_a_fakes_storage_can_be_unmounted_too(world, platform):
    with world.change() as state:
        state["mounted"] = False
    with pytest.raises(PermanentInfraError, match="not mounted"):
        world.directory(platform).list_directories()


@pytest.mark.parametrize(
    "name", ["../../etc", "odoo_data_x", "", "odoo_data_a/b_" + str(uuid4())]
)
def test_a_name_that_is_none_of_ours_is_refused(real, own, name):
    spec = DirectorySpec(mark=own.mark, name=name, uid=own.uid, quota=0)
    for touch in (real.ensure_directory, real.remove_directory):
        with pytest.raises(PermanentInfraError):
            touch(spec)
