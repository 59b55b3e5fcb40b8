import dataclasses
import os
import socket
from collections import namedtuple
from pathlib import Path

import pytest

from scripts.setup import checks
from scripts.setup.runner import Failure
from scripts.setup.settings import load

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


def test_without_root_nothing_is_tried(settings, monkeypatch):
    monkeypatch.setattr(checks.os, "geteuid", lambda: 1000)

    with pytest.raises(Failure, match="needs root. Cure: sudo make up"):
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


def test_with_room_nobody_is_warned(settings, monkeypatch):
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda _: Usage(9, 9, 10**10))

    assert checks.check_space(settings) == ""


def test_a_folder_that_others_cannot_enter_is_named(settings):
    hidden = dataclasses.replace(settings, run=Path("/root/run"))

    with pytest.raises(Failure, match="cannot enter /root.*RUN_DIR="):
        checks.check_folders(hidden)


@pytest.mark.parametrize("name", ["with space", "a" * 80, "semi;colon"])
def test_a_folder_that_configurations_cannot_name_is_refused(settings, name):
    odd = dataclasses.replace(settings, run=Path("/srv") / name)

    with pytest.raises(Failure, match="Cure:"):
        checks.check_folders(odd)


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
