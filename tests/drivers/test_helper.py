"""The root helper itself: who may run it, and what it answers to nonsense."""

import json
import subprocess

import pytest
from drivers.errors import PermanentInfraError, RetryableInfraError
from drivers.helper import RootHelper


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
        '{"verb": "shell", "arguments": {}}',
        '{"verb": "usage", "arguments": {"evil": 1}}',
        '{"verb": ["usage"], "arguments": {}}',
    ],
)
def test_what_is_no_request_is_refused_in_words(program, request_text):
    refused = answer(program, request_text)
    assert refused["ok"] is False
    assert refused["error"] == "Permanent"
    assert refused["message"]


def test_it_takes_no_arguments(program):
    assert not answer(program, '{"verb": "usage", "arguments": {}}', "usage")["ok"]


def test_it_must_be_root(program):
    refused = answer(program, "{}", user=220999, group=220999, extra_groups=[])
    assert "root" in refused["message"]


@pytest.mark.parametrize("place", ["etc/helper.json", "etc", "code/bin"])
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


def test_a_helper_that_is_not_there_or_may_not_be_run_is_told():
    with pytest.raises(PermanentInfraError, match="cannot be started"):
        RootHelper(("/nonexistent",)).call("usage")
    refusing = RootHelper(("sh", "-c", "echo a password is required >&2; exit 1"))
    with pytest.raises(PermanentInfraError, match="a password is required"):
        refusing.call("usage")


def test_a_storage_that_is_not_in_its_settings_is_refused(machine, tmp_path):
    driver = machine.directory()
    driver._root = tmp_path
    with pytest.raises(PermanentInfraError, match="no storage of this platform"):
        driver.ensure_sentinel()


def test_the_helper_needs_nothing_but_the_standard_library(program):
    first_line = program.read_text().splitlines()[0]
    assert first_line == "#!/usr/bin/python3 -IS"
