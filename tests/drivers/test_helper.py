"""The root helper itself: who may run it, and what it answers to nonsense."""

import fcntl
import json
import os
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest
from drivers.errors import PermanentInfraError, RetryableInfraError
from drivers.helper import RootHelper
from real_machine import CHECKOUT, wait_until


@pytest.fixture
def program(machine):
    return machine.run / "code/bin/root-helper"


def answer(program, request, *arguments, **options):
    done = subprocess.run(
        [program, *arguments], input=request, capture_output=True, text=True, **options
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "request_text",
    [
        "",
        "nonsense",
        "[]",
        '{"verb": "shell", "arguments": {}, "seconds": 9}',
        '{"verb": "usage", "arguments": {"evil": 1}, "seconds": 9}',
        '{"verb": "usage", "arguments": {}}',
        '{"verb": "usage", "arguments": {}, "seconds": -1}',
        '{"verb": "usage", "arguments": {}, "seconds": 0}',
        '{"verb": "usage", "arguments": {}, "seconds": "soon"}',
        '{"verb": ["usage"], "arguments": {}, "seconds": 9}',
    ],
)
def test_what_is_no_request_is_refused_in_words(program, request_text):
    refused = answer(program, request_text)
    assert refused["ok"] is False
    assert refused["error"] == "Permanent"
    assert refused["message"]


def test_it_takes_no_arguments(program):
    asked = '{"verb": "usage", "arguments": {}, "seconds": 9}'
    assert answer(program, asked)["ok"]
    assert not answer(program, asked, "usage")["ok"]


def test_it_must_be_root(program):
    refused = answer(program, "{}", user=220999, group=220999, extra_groups=[])
    assert "root" in refused["message"]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"platform": 1}', b"\xff", b""])
def test_damaged_settings_are_told_by_their_name(program, content):
    path = program.parents[2] / "etc/helper.json"
    whole = path.read_bytes()
    try:
        path.write_bytes(content)
        refused = answer(program, '{"verb": "usage", "arguments": {}, "seconds": 9}')
    finally:
        path.write_bytes(whole)
    assert (refused["error"], refused["cure"]) == ("Permanent", "Run `make up`.")
    assert str(path) in refused["message"]


def test_a_damaged_marker_stops_what_would_take_its_directory_for_gone(
    machine, tenants
):
    spec = tenants.make().directory
    machine.directory().ensure_directory(spec)
    marker = machine.run / "storage/odoo_instances" / spec.name / ".saasodoo"
    whole = marker.read_text()
    marker.write_text(whole[:-9])
    try:
        with pytest.raises(PermanentInfraError, match=f"{marker} is damaged"):
            machine.directory().list_directories(measure=False)
        with pytest.raises(PermanentInfraError, match="backup of the storage"):
            machine.directory().remove_directory(spec)
    finally:
        marker.write_text(whole)
    machine.directory().remove_directory(spec)


@pytest.mark.parametrize("name", ["postgresql", "nginx", "mail", "dockerd", "helper"])
def test_a_tenant_is_not_called_as_a_program_of_the_platform(program, name):
    asked = {
        "verb": "log_tail",
        "arguments": {"name": name, "mark": "", "lines": 1},
        "seconds": 9,
    }
    assert f"Not a program: '{name}'" in answer(program, json.dumps(asked))["message"]


PLACES = ("", "etc", "etc/helper.json", "code", "code/bin", "code/bin/root_helper")


@pytest.mark.parametrize("place", [*PLACES, "code/bin/root_helper/main.py"])
def test_it_trusts_no_settings_that_others_could_write(machine, place):
    path = machine.run / place
    mode = path.stat().st_mode
    path.chmod(mode | 0o002)
    try:
        with pytest.raises(PermanentInfraError, match="written by others"):
            machine.helper().call("usage")
    finally:
        path.chmod(mode)


def test_a_helper_that_hangs_is_given_up():
    with pytest.raises(RetryableInfraError, match="longer than"):
        RootHelper(("sleep", "60"), timeout=0.1).call("usage")


def test_a_helper_that_waits_for_others_gives_up_before_its_caller_does(machine):
    mark = f"saasodoo:{machine.platform}:{uuid4()}"
    helper = machine.helper(timeout=5.0)
    folder = os.open(machine.run / "data-plane/programs", os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        with pytest.raises(RetryableInfraError, match="gave program_keep_stopped up"):
            helper.call("program_keep_stopped", name="odoo_x", mark=mark)
    finally:
        os.close(folder)


def test_what_it_started_ends_with_it(machine, tmp_path, monkeypatch, tenants):
    spec = tenants.make().directory
    machine.directory().ensure_directory(spec)
    slow = tmp_path / "du"
    slow.write_text(f"#!/bin/sh\necho $$ >{tmp_path}/pid\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr("drivers.directory.LONG", 5.0)
    with pytest.raises(RetryableInfraError, match="gave directory_list up"):
        machine.directory().list_directories(measure=True)
    assert not Path("/proc", (tmp_path / "pid").read_text().strip()).exists()
    machine.directory().remove_directory(spec)


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(CHECKOUT / "scripts")
    from root_helper import directories

    seen, sync = [], os.fsync

    def note(handle):
        synced = Path(os.readlink(f"/proc/self/fd/{handle}"))
        seen.append((synced.name, (tmp_path / "marker").exists()))
        sync(handle)

    monkeypatch.setattr(os, "fsync", note)
    directories.write_file(tmp_path / "marker", "whose it is", 0o600)
    assert seen == [(".marker.new", False), (tmp_path.name, True)]


def test_a_helper_that_is_not_there_or_may_not_be_run_is_told():
    with pytest.raises(PermanentInfraError, match="cannot be started"):
        RootHelper(("/nonexistent",)).call("usage")
    refusing = RootHelper(("sh", "-c", "echo a password is required >&2; exit 1"))
    with pytest.raises(PermanentInfraError, match="a password is required"):
        refusing.call("usage")


def test_what_a_helper_started_ends_with_it_where_its_caller_ends_it(tmp_path):
    noted = tmp_path / "pid"
    program = f"sleep 600 & echo $! >{noted}.new; mv {noted}.new {noted}; wait"
    with pytest.raises(RetryableInfraError, match="took longer than"):
        RootHelper(("sh", "-c", program), timeout=2.0).call("usage")
    command = Path(f"/proc/{noted.read_text().strip()}/cmdline")
    wait_until(lambda: not command.exists() or not command.read_text(), "its end")


def test_a_storage_that_is_not_in_its_settings_is_refused(machine, tmp_path):
    driver = machine.directory()
    driver._root = tmp_path
    with pytest.raises(PermanentInfraError, match="no storage of this platform"):
        driver.ensure_sentinel()


def test_the_helper_needs_nothing_but_the_standard_library(program):
    first_line = program.read_text().splitlines()[0]
    assert first_line == "#!/usr/bin/python3 -IS"
