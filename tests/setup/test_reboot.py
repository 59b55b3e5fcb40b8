"""After a reboot the platform comes back, by a unit of systemd where that runs."""

import subprocess

import pytest

from scripts.setup import reboot, supervisors, teardown
from scripts.setup.choices import load
from scripts.setup.runner import Failure, Report
from scripts.setup.settings import CHECKOUT


@pytest.fixture
def settings(tmp_path, monkeypatch):
    run = tmp_path / "run"
    (run / "etc").mkdir(parents=True)
    settings = load({"RUN_DIR": str(run)})
    for name, suffix in (
        ("unit", ".service"),
        ("sudoers", ""),
        ("logrotate", ".logrotate"),
    ):
        monkeypatch.setattr(type(settings), name, tmp_path / f"saasodoo-1{suffix}")
    return settings


@pytest.fixture
def systemd(settings, tmp_path, monkeypatch):
    """A machine where systemd runs; what it was told."""
    told = []
    monkeypatch.setattr(reboot, "SYSTEMD", tmp_path)
    for name in ("run", "try_run"):
        monkeypatch.setattr(reboot, name, lambda words: told.append(" ".join(words)))
    return told


def test_systemd_is_told_to_start_what_is_installed(settings, systemd):
    assert reboot.install(settings) == "starts with the machine"

    lines = settings.unit.read_text().splitlines()
    assert f'ExecStart=/bin/sh "{CHECKOUT}/scripts/up" start' in lines
    assert f'Environment="RUN_DIR={settings.run}"' in lines
    assert systemd == [
        "systemctl daemon-reload",
        "systemctl enable --now --quiet saasodoo-1.service",
    ]


def test_systemd_finds_nothing_to_say_about_the_unit(settings, systemd):
    reboot.install(settings)

    result = subprocess.run(
        ["systemd-analyze", "verify", settings.unit],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    assert (result.returncode, result.stdout) == (0, "")


def test_the_second_time_nothing_changes(settings, systemd):
    reboot.install(settings)
    systemd.clear()

    assert reboot.install(settings) == "unchanged"
    assert systemd == ["systemctl enable --now --quiet saasodoo-1.service"]


def test_without_systemd_people_are_told_what_to_do(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(reboot, "SYSTEMD", tmp_path / "none")

    assert reboot.install(settings) == (
        f"no systemd: after a reboot, make up RUN_DIR={settings.run}"
    )
    assert not settings.unit.exists()


def test_reset_removes_the_unit(settings, systemd):
    reboot.install(settings)

    teardown.remove(settings)

    assert not settings.unit.exists()
    assert systemd[-2:] == [
        "systemctl disable --now --quiet saasodoo-1.service",
        "systemctl daemon-reload",
    ]


def test_what_was_never_installed_is_not_started(settings):
    with pytest.raises(Failure, match="no platform is installed .*Cure: make up"):
        reboot.start(settings, Report())


def test_a_start_takes_the_configuration_that_is_there(settings, monkeypatch):
    """A checkout that is newer than what is installed must not have its say."""
    (settings.etc / "installed").touch()
    commands, ready = [], []
    monkeypatch.setattr(reboot.checks, "check_machine", lambda _: "")
    monkeypatch.setattr(supervisors, "pid_of", lambda *_: len(commands) >= len(ready))
    monkeypatch.setattr(supervisors, "run", commands.append)
    monkeypatch.setattr(reboot.data_plane, "hold_tenants", ready.append)
    monkeypatch.setattr(reboot.data_plane, "wake", ready.append)
    monkeypatch.setattr(reboot.master, "wait_until_up", ready.append)
    for plane in supervisors.PROGRAMS:
        (settings.run / plane).mkdir()

    reboot.start(settings, Report())

    assert [command[-1].name for command in commands] == [
        "data-plane.conf",
        "control-plane.conf",
    ]
    assert [path.name for path in settings.etc.iterdir()] == ["installed"]
    assert ready == [settings] * 3
