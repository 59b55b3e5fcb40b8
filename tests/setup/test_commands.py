"""What people are told by the commands behind the Makefile when something is wrong."""

import errno
import hashlib
import os
import shutil
import subprocess
import tempfile
import xmlrpc.client
from pathlib import Path

import pytest

from scripts.setup import commands, locks, rpc, supervisors
from scripts.setup.choices import load
from scripts.setup.runner import Failure, main_guard
from scripts.setup.settings import CHECKOUT
from scripts.testing import platform


def run(program, *words, checkout=CHECKOUT, **options):
    return subprocess.run(
        [checkout / "scripts" / program, *words],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


@pytest.fixture
def open_checkout():
    """A copy of the scripts that every user may read, as the checkout need not be."""
    with tempfile.TemporaryDirectory(prefix="saasodoo-setup-", dir="/var/tmp") as name:
        shutil.copytree(CHECKOUT / "scripts", f"{name}/scripts")
        subprocess.run(["chmod", "-R", "a+rX", name], check=True)
        yield Path(name)


def refuse(error):
    raise error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Failure("no", "mend"), "error: no. Cure: mend"),
        (
            OSError(errno.ENOSPC, "No space left", "/srv/x"),
            "left: /srv/x. Cure: make r",
        ),
        (OSError(errno.EACCES, "Permission denied", "/x"), "denied: /x. Cure: mend it"),
        (
            xmlrpc.client.Fault(50, "SPAWN_ERROR: web"),
            "refused: SPAWN_ERROR: web. Cure",
        ),
    ],
)
def test_an_error_of_the_machine_is_one_line_with_a_cure(capsys, error, words):
    with pytest.raises(SystemExit, match="1"):
        main_guard(lambda: refuse(error))

    said = capsys.readouterr().err
    assert words in said
    assert len(said.strip().splitlines()) == 1


def test_what_is_made_can_be_read_whatever_roots_mask_is(tmp_path):
    before = os.umask(0o077)
    try:
        main_guard((tmp_path / "cache").mkdir)
    finally:
        os.umask(before)

    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o755


def test_a_program_that_does_not_start_is_told_with_its_log(tmp_path, monkeypatch):
    class Supervisor:
        def startProcess(self, name):  # noqa: N802
            raise xmlrpc.client.Fault(40, f"ABNORMAL_TERMINATION: {name}")

    settings = load({"RUN_DIR": str(tmp_path)})
    monkeypatch.setattr(rpc, "connect", lambda *_: Supervisor())

    with pytest.raises(Failure, match="ABNORMAL_.*read .*/log/postgresql.log"):
        supervisors.start(settings, supervisors.DATA, "postgresql")


def test_a_program_that_does_not_end_is_told_with_what_to_look_at():
    with pytest.raises(Failure, match=r"sleep took more than 0\.1 s\. Cure: .*network"):
        commands.try_run(["sleep", "60"], seconds=0.1)


@pytest.mark.parametrize(
    ("program", "word", "cure"),
    [
        ("up", "up", "as root: make up\n"),
        ("up", "down", "as root: make down\n"),
        ("up", "deploy", "as root: swarm/deploy\n"),
        ("test", "lint", "as root: make lint\n"),
        ("test", "fast", "as root: make test-fast\n"),
        ("test", "all", "as root: make test\n"),
        ("test", "slow", "as root: make test-all\n"),
        ("test", "bench", "as root: make bench\n"),
    ],
)
def test_without_root_one_line_says_so(open_checkout, program, word, cure):
    nobody = {"user": 65534, "group": 65534, "extra_groups": [], "cwd": "/"}
    result = run(program, word, checkout=open_checkout, **nobody)

    assert result.returncode == 1
    assert result.stderr == f"\nerror: this needs root. Cure: {cure}"
    assert not result.stdout


@pytest.mark.parametrize(
    "words",
    [("reset",), ("down",), ("doctor",), ("deploy",), ("export-keys", "/srv/keys")],
)
def test_where_no_platform_is_one_line_says_so(tmp_path, words):
    (tmp_path / "their.txt").touch()
    nowhere = os.environ | {"RUN_DIR": str(tmp_path), "YES": "1"}

    result = run("up", *words, env=nowhere)

    there = f"error: there is no platform in {tmp_path}. Cure: name it: RUN_DIR=…"
    assert result.returncode == 1
    assert result.stderr.strip().startswith(there)
    assert not result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["their.txt"]


def test_a_bench_of_an_unknown_runtime_measures_nothing():
    result = run("test", "bench", env={**os.environ, "RUNTIME": "cloud"})

    refusal = "error: RUNTIME=cloud is not process or swarm. Cure: make bench"
    assert (result.returncode, result.stderr.strip()) == (1, refusal)


def test_failures_of_set_up_name_the_variables_of_tests():
    failure = Failure("made with PORT_BASE=1, not 2", "make up TENANT_UID_BASE=…")

    told = platform.in_words_of_tests(failure, "test-fast")

    assert told.message == "made with TEST_PORT_BASE=1, not 2"
    assert told.cure == "make test-fast TEST_TENANT_UID_BASE=…"
    # That one makes no platform.
    assert "make lint TENANT_UID_BASE=…" in str(
        platform.in_words_of_tests(failure, "lint")
    )


def test_a_second_run_is_refused_while_the_first_one_is_under_way(tmp_path):
    lock, refused = tmp_path / "lock", Failure("another make up is under way")

    with (
        locks.refusing(lock, refused),
        pytest.raises(Failure, match="under way"),
        locks.refusing(lock, refused),
    ):
        pass
    with locks.refusing(lock, refused):
        assert lock.stat().st_mode & 0o777 == 0o600


def test_up_is_refused_while_another_up_is_under_way(tmp_path):
    run_dir = tmp_path / "run"
    lock = Path(f"/run/saasodoo-{hashlib.sha256(bytes(run_dir)).hexdigest()[:16]}.lock")
    # Free, it goes as far as its variables: nothing is made.
    environment = os.environ | {"RUN_DIR": str(run_dir), "PORT_BASE": "x"}
    try:
        assert "PORT_BASE=x is no number" in run("up", env=environment).stderr
        with locks.refusing(lock, Failure("not free")):
            refused = run("up", env=environment).stderr
    finally:
        lock.unlink()

    assert f"another make up is under way in {run_dir}" in refused
