import dataclasses
import os
import socket
import tempfile
from collections import namedtuple
from pathlib import Path

import pytest

from scripts.setup import checks
from scripts.setup.choices import load
from scripts.setup.runner import Failure

Usage = namedtuple("Usage", "total used free")
LOOPBACKS = [("127.0.0.1", socket.AF_INET)]
if checks.processes.has_ipv6():
    LOOPBACKS.append(("::1", socket.AF_INET6))


@pytest.fixture
def settings():
    """A platform whose folder every user could reach, and that nobody makes."""
    environ = {
        "RUN_DIR": "/srv/saasodoo-none",
        "PORT_BASE": "25000",
        "TENANT_UID_BASE": "1900000000",
    }
    return load(environ)


def test_a_free_machine_passes(settings):
    checks.check_machine(settings)


def test_a_full_disk_is_one_line(settings, monkeypatch):
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda _: Usage(9, 9, 10**9))

    with pytest.raises(Failure, match=r"only 1\.0 GB are free below /"):
        checks.check_space(settings)


@pytest.mark.parametrize(
    ("free", "refused"), [(10**8, True), (3 * 10**8, False), (4 * 10**9, False)]
)
def test_a_platform_that_is_there_goes_on_with_little_room(
    settings, monkeypatch, tmp_path, free, refused
):
    there = dataclasses.replace(settings, run=tmp_path)
    there.etc.mkdir()
    (there.etc / "installed").touch()
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda _: Usage(9, 9, free))

    if refused:
        with pytest.raises(Failure, match=r"0\.1 GB .*uv-cache may be deleted"):
            checks.check_space(there)
    else:
        assert checks.check_space(there).startswith(f"only {free / 10**9:.1f} GB")


@pytest.mark.parametrize("full", ["/", "/var/cache/apt"])
def test_packages_that_are_missing_need_room_where_apt_puts_them(
    settings, monkeypatch, full
):
    def usage(path):
        return Usage(9, 9, 10**8 if str(path) == full else 10**11)

    monkeypatch.setattr(checks.shutil, "disk_usage", usage)
    monkeypatch.setattr(checks.packages, "missing", lambda names: [])
    assert checks.check_space(settings) == ""

    monkeypatch.setattr(checks.packages, "missing", lambda names: ["nginx-light"])
    with pytest.raises(Failure, match=rf"0\.1 GB are free below {full}, .*apt-get cl"):
        checks.check_space(settings)


def test_with_room_nobody_is_warned(settings, monkeypatch):
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda _: Usage(9, 9, 10**10))

    assert checks.check_space(settings) == ""


def test_a_folder_that_others_cannot_enter_is_named(settings):
    hidden = dataclasses.replace(settings, run=Path("/root/run"))

    with pytest.raises(Failure, match="cannot enter /root.*RUN_DIR="):
        checks.check_folders(hidden)


def test_a_cache_that_others_cannot_enter_is_named(strange):
    closed = dataclasses.replace(strange, cache=strange.run)
    checks.check_folders(closed)
    strange.run.chmod(0o700)

    with pytest.raises(Failure, match=f"enter .*Cure: chmod o.x {strange.run}"):
        checks.check_folders(closed)


@pytest.mark.parametrize("name", ["with space", "a" * 80, "semi;colon"])
def test_a_folder_that_configurations_cannot_name_is_refused(settings, name):
    odd = dataclasses.replace(settings, run=Path("/srv") / name)

    with pytest.raises(Failure, match="Cure:"):
        checks.check_folders(odd)


@pytest.fixture
def strange(settings, tmp_path):
    """Settings for a folder that is there already, below one that all may enter."""
    with tempfile.TemporaryDirectory(prefix="saasodoo-setup-", dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        run = Path(name, "run")
        run.mkdir()
        yield dataclasses.replace(settings, run=run)


def test_a_folder_with_somebody_elses_files_is_refused(strange):
    checks.check_folders(strange)
    (strange.run / "their.txt").touch()

    with pytest.raises(Failure, match="not empty .*Cure: make up RUN_DIR="):
        checks.check_folders(strange)

    strange.choices.touch()
    checks.check_folders(strange)


@pytest.mark.parametrize("variable", ["run", "cache"])
def test_a_folder_that_somebody_else_could_change_is_refused(strange, variable):
    place = strange.run.with_name("place")
    place.mkdir()
    settings = dataclasses.replace(strange, **{variable: place})
    checks.check_folders(settings)

    os.chown(place, 1000, 0)
    with pytest.raises(Failure, match=f"{place} does not belong to root"):
        checks.check_folders(settings)
    os.chown(place, 0, 0)
    place.parent.chmod(0o777)
    with pytest.raises(Failure, match=f"every user may rename .* {place.parent}"):
        checks.check_folders(settings)
    place.parent.chmod(0o1777)
    checks.check_folders(settings)


def test_a_file_is_no_folder_for_a_platform(strange):
    strange.run.rmdir()
    strange.run.touch()

    with pytest.raises(Failure, match="is no folder"):
        checks.check_folders(strange)


def test_a_first_run_that_was_killed_at_once_goes_on(strange):
    (strange.run / f".{strange.choices.name}.new").touch()

    checks.check_folders(strange)


def test_a_platform_that_keeps_its_ports_is_not_told_to_take_others(strange):
    with socket.create_server(("127.0.0.1", strange.port_base + 32)):
        with pytest.raises(Failure, match="or make up PORT_BASE=…"):
            checks.check_ports(strange)
        strange.choices.touch()
        with pytest.raises(Failure, match="this platform keeps its ports") as refused:
            checks.check_ports(strange)
    assert "PORT_BASE=" not in str(refused.value)


@pytest.mark.parametrize("offset", [32, 80, 1500])
@pytest.mark.parametrize(("address", "family"), LOOPBACKS)
def test_a_port_in_use_is_named_with_its_user(settings, offset, address, family):
    port = settings.port_base + offset
    words = rf"port {port} is in use by \S+ \(process \d+\) at {address}"

    with (
        socket.create_server((address, port), family=family),
        pytest.raises(Failure, match=words),
    ):
        checks.check_ports(settings)


@pytest.mark.parametrize(("offset", "ours"), [(1500, True), (80, False)])
def test_a_tenant_is_ours_on_the_tenants_ports_alone(
    settings, offset, ours, monkeypatch
):
    monkeypatch.setattr(checks.processes, "servers", lambda run: {os.getpid()})
    monkeypatch.setattr(checks.processes, "user_of", lambda pid: settings.uid_base)
    place = ("::1", settings.port_base + offset)

    found = checks.strangers(settings, {place: os.getpid()})

    assert [who[:2] for who in found] == ([] if ours else [place])


def test_user_ids_of_another_platform_are_refused(settings, tmp_path, monkeypatch):
    claim = Path("/etc/sudoers.d/saasodoo-0test0")
    claim.write_text(f"# run={tmp_path} uids=1900005000-1900006000\n")
    try:
        with pytest.raises(Failure, match="has the user ids 1900005000-1900006000"):
            checks.check_user_ids(settings)
    finally:
        claim.unlink()


@pytest.fixture
def subordinate(tmp_path, monkeypatch):
    """A machine's list of who may use which ids in containers."""
    path = tmp_path / "subuid"
    monkeypatch.setattr(checks, "SUBORDINATE", (tmp_path / "none", path))
    return path


@pytest.mark.parametrize("who", ["daemon", "1"])
def test_ids_that_a_user_has_for_containers_are_refused(settings, subordinate, who):
    subordinate.write_text(f"# people\nroot:1:5\n{who}:1900009999:65536\n")

    words = f"gives the ids 1900009999-1900075534 to {who}.*TENANT_UID_BASE=…"
    with pytest.raises(Failure, match=words):
        checks.check_user_ids(settings)


@pytest.mark.parametrize(
    "line", ["nobody-here:1900000000:65536", "daemon:1900010000:65536", "daemon:x", ""]
)
def test_ids_of_nobody_or_elsewhere_do_not_matter(settings, subordinate, line):
    subordinate.write_text(f"{line}\n")

    checks.check_user_ids(settings)


def test_the_usual_ids_leave_room_for_debians_first_user(subordinate):
    subordinate.write_text("daemon:100000:65536\n")

    checks._check_subordinate_ids(load({"RUN_DIR": "/srv/saasodoo-none"}))


def test_who_came_after_the_platform_does_not_stop_it(strange, subordinate):
    subordinate.write_text("daemon:1900000000:65536\n")
    strange.choices.touch()

    checks.check_user_ids(strange)
