"""`saasctl login` fetches a key through the master's own shell and keeps it closed."""

import getpass
import json
import stat

import pytest

KEY = "aa11bb22cc33"

SHELL = """#!/bin/sh
printf '%s ' "$@" > "{seen}/argv"
env > "{seen}/env"
cat > "{seen}/script"
echo "a line of the log" >&2
{does}
"""


@pytest.fixture
def machine(environment, monkeypatch, tmp_path):
    """A run folder as make up leaves it, with a shell that a test chooses."""
    run = tmp_path / "run"
    (run / "code/venv/bin").mkdir(parents=True)
    (run / "etc").mkdir()
    (run / "platform.env").write_text("PLATFORM_UUID=x\nPORT_BASE=18200\n")
    monkeypatch.setattr("saasctl_cli.login.JOBS_USER", getpass.getuser())
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.delenv("SAASCTL_URL")
    monkeypatch.delenv("SAASCTL_KEY_FILE")
    monkeypatch.setenv("PGPASSWORD", "root's own")

    (run / "code/venv/bin/python").touch(0o755)
    set_shell(run, f"echo saasctl-key:{KEY}")
    return run


def set_shell(run, does):
    """Let the master's shell do something else."""
    script = SHELL.format(seen=run.parent, does=does)
    (run / "code/venv/bin/python").write_text(script)


def test_login_keeps_the_key_for_root_alone(saasctl, machine):
    result = saasctl("login", "--json")
    assert result.code == 0, result.out
    key_file = machine / "etc/saasctl.key"
    settings = machine / "etc/saasctl.json"
    stored = {"url": "http://127.0.0.1:18269", "key_file": str(key_file)}
    assert json.loads(settings.read_text()) == json.loads(result.out) == stored
    assert key_file.read_text() == f"{KEY}\n"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (key_file, settings)}
    assert modes == {0o600}
    assert sorted(path.name for path in (machine / "etc").iterdir()) == [
        "saasctl.json",
        "saasctl.key",
    ]


def test_login_shows_the_key_nowhere(saasctl, machine, tmp_path):
    result = saasctl("login")
    shown = result.out + result.err + (tmp_path / "argv").read_text()
    assert KEY not in shown + (tmp_path / "env").read_text()


def test_the_shell_gets_a_fixed_script_and_none_of_roots_environment(
    saasctl, machine, tmp_path
):
    saasctl("login")
    assert (tmp_path / "argv").read_text() == (
        f"-m odoo shell -c {machine}/etc/jobs.conf --no-http "
    )
    assert '_issue_key(user="saasctl", days=90)' in (tmp_path / "script").read_text()
    seen = (tmp_path / "env").read_text().splitlines()
    assert not [line for line in seen if line.startswith("PGPASSWORD")]
    assert "PGREQUIREAUTH=scram-sha-256" in seen


def test_a_new_login_replaces_a_key_that_others_could_read(saasctl, machine):
    key_file = machine / "etc/saasctl.key"
    key_file.write_text("old")
    key_file.chmod(0o644)
    assert saasctl("login").code == 0
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert key_file.read_text() == f"{KEY}\n"


@pytest.mark.parametrize(
    "does",
    [
        "exit 1",
        f"echo saasctl-key:{KEY}; exit 1",
        "echo hello",
        f"echo saasctl-key:{KEY}; echo saasctl-key:{KEY}",
    ],
)
def test_a_shell_that_fails_leaves_the_old_key(saasctl, machine, does):
    key_file = machine / "etc/saasctl.key"
    key_file.write_text("old")
    set_shell(machine, does)
    result = saasctl("login")
    assert result.code == 1 and "a line of the log" in result.err
    assert KEY not in result.err
    assert key_file.read_text() == "old"


def test_a_shell_that_hangs_is_given_up(saasctl, machine, monkeypatch):
    monkeypatch.setattr("saasctl_cli.login.SHELL_SECONDS", 0.2)
    set_shell(machine, "exec sleep 5")
    result = saasctl("login")
    assert result.code == 1 and "make doctor" in result.err


def test_without_a_master_the_cure_is_make_up(saasctl, machine, monkeypatch):
    monkeypatch.setattr("saasctl_cli.login.JOBS_USER", "nobody-of-this-name")
    assert "make up" in saasctl("login").err
    (machine / "platform.env").unlink()
    result = saasctl("login")
    assert result.code == 2 and "make up" in result.err


def test_only_root_gets_a_key(saasctl, machine, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    result = saasctl("login")
    assert result.code == 4 and "sudo saasctl login" in result.err
    assert not (machine / "etc/saasctl.key").exists()
