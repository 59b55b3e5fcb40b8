"""Logs are turned over while their services go on writing: by a real logrotate."""

import gzip
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from scripts.setup import logrotate, teardown
from scripts.setup.accounts import PROXY, WEB
from scripts.setup.choices import load


@pytest.fixture
def settings(monkeypatch):
    """A platform of two logs, in a folder that its services may enter."""
    run = Path(tempfile.mkdtemp(prefix="saasodoo-setup-", dir="/var/tmp"))
    run.chmod(0o755)
    settings = load({"RUN_DIR": str(run)})
    monkeypatch.setattr(type(settings), "logrotate", run / "logrotate.conf")
    monkeypatch.setattr(logrotate, "SYSTEMD", run / "none")
    (settings.log / "nginx").mkdir(parents=True)
    for path, owner in (
        ("web.log", WEB),
        ("nginx", PROXY),
        ("nginx/access.log", PROXY),
    ):
        if path.endswith(".log"):
            (settings.log / path).touch()
        shutil.chown(settings.log / path, owner, owner)
    (settings.log / "nginx").chmod(0o750)
    yield settings
    shutil.rmtree(run, ignore_errors=True)


def turn_over(settings):
    state = settings.run / "state"
    command = ["logrotate", "--force", "--state", state, settings.logrotate]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("name", ["web.log", "nginx/access.log"])
def test_a_log_is_kept_aside_and_its_writer_goes_on(settings, name):
    logrotate.install(settings)
    log = settings.log / name
    with open(log, "a", buffering=1) as writer:
        writer.write("before\n")
        turn_over(settings)
        writer.write("after\n")

    assert log.read_text() == "after\n"
    kept = log.with_name(f"{log.name}.1.gz")
    assert gzip.decompress(kept.read_bytes()) == b"before\n"
    assert kept.owner() == log.owner()


def test_the_second_time_nothing_changes_and_reset_forgets_it(settings):
    assert logrotate.install(settings)
    assert not logrotate.install(settings)

    logrotate.remove(settings)
    assert not settings.logrotate.exists()


def test_a_removed_platform_has_no_logs_to_turn_over(settings, tmp_path, monkeypatch):
    outside = tmp_path / "logrotate.conf"
    monkeypatch.setattr(type(settings), "logrotate", outside)
    monkeypatch.setattr(type(settings), "sudoers", tmp_path / "rule")
    logrotate.install(settings)

    teardown.remove(settings)

    assert not outside.exists()
