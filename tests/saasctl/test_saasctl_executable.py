"""scripts/saasctl as a program: from anywhere, in a pipe, on a terminal."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SAASCTL = Path(__file__).resolve().parents[2] / "scripts" / "saasctl"
SECONDS = 30


@pytest.fixture
def program(environment, tmp_path):
    """The environment of a program: the run folder's venv is that of the tests."""
    python = tmp_path / "run/code/venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return {**os.environ, **environment, "COLUMNS": "100", "TERM": "xterm"}


def run(program, *arguments, **options):
    """Run the executable to its end."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    options = {**pipes, "timeout": SECONDS, "env": program, **options}
    return subprocess.run([SAASCTL, *arguments], **options)


def test_it_runs_from_anywhere_and_through_a_link(program, master, tmp_path):
    master.answers("status", {"frozen": False})
    link = tmp_path / "link"
    link.symlink_to(SAASCTL)
    for command in (SAASCTL, link):
        ended = run(program, "status", "--json", executable=command, cwd="/")
        assert ended.returncode == 0, ended.stderr
        assert json.loads(ended.stdout) == {"frozen": False}


def test_it_imports_nothing_from_where_it_is_called(program, tmp_path):
    (tmp_path / "click.py").write_text("raise SystemExit('not ours')")
    assert run(program, "--help", cwd=tmp_path).returncode == 0


def test_without_its_packages_it_says_what_to_do(program, tmp_path):
    bare = tmp_path / "run/code/venv/bin/python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    ended = run(program, "status")
    assert ended.returncode == 1
    assert ended.stderr == "saasctl: the Python package click is missing: make up\n"


@pytest.mark.parametrize("form", ["{0} {1}", "{0}={1}"])
def test_a_platform_that_is_named_brings_its_own_python(
    program, master, tmp_path, form
):
    master.answers("status", {"frozen": False})
    named = form.format("--run-dir", tmp_path / "run").split(" ")
    elsewhere = {**program, "RUN_DIR": "/nonexistent", "PATH": "/usr/bin:/bin"}
    ended = run(elsewhere, *named, "status", "--json")
    assert ended.returncode == 0, ended.stderr


def test_a_customers_name_is_no_folder_to_run_programs_from(program, master, tmp_path):
    trap = tmp_path / "trap/code/venv/bin/python"
    trap.parent.mkdir(parents=True)
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    master.refuses("instance_create", "user_error")
    create = ("instance", "create", "--plan", "starter", "--subdomain", "acme")
    name = f"--run-dir={tmp_path}/trap"
    ended = run(program, *create, "--customer", name, "--email", "x@x.test")
    assert ended.returncode == 4, ended.stderr
    assert master.called("instance_create")["customer"] == name
    assert not (tmp_path / "sprung").exists()


def test_codes_and_documents_leave_the_program(program, master):
    master.refuses("instance_show", "missing_error")
    ended = run(program, "instance", "show", "acme", "--json")
    assert ended.returncode == 3
    assert json.loads(ended.stdout)["error"]["name"] == "not_found"


def test_ctrl_c_is_code_130_with_what_is_known(program, creating, answers):
    creating.answers("operation_show", answers["operations"][1])
    # Whoever runs the tests in the background may ignore Ctrl-C; a child inherits that.
    default = ("env", "--default-signal=INT")
    child = subprocess.Popen(
        [*default, SAASCTL, "operation", "show", "42", "--wait", "--json"],
        env=program,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_until(lambda: len(creating.calls) > 1)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=SECONDS)
    assert child.returncode == 130
    assert json.loads(out)["operation"]["id"] == 42
    assert b"Traceback" not in err


def test_a_reader_that_has_enough_is_no_traceback(program, master):
    master.answers("plan_list", [{"name": "x" * 1000}] * 500)
    ended = run(program, "plan", "list", stdout=closed_pipe())
    assert (ended.returncode, ended.stderr) == (1, "")


def test_another_locale_takes_every_name(program, master):
    master.answers("plan_list", [{"name": "Société ✓"}])
    latin = {**program, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    assert run(latin, "plan", "list").returncode == 0
    assert json.loads(run(latin, "plan", "list", "--json").stdout)[0]["name"] == (
        "Société ✓"
    )


def read_all(screen):
    """Return all that was shown on a terminal that nobody writes to any more."""
    shown = b""
    with contextlib.suppress(OSError):  # its end
        while part := os.read(screen, 4096):
            shown += part
    return shown.decode()


def test_on_a_terminal_the_progress_is_drawn_and_the_answer_stays_apart(
    program, creating
):
    screen, terminal = pty.openpty()
    arguments = ("operation", "show", "42", "--wait", "--json")
    ended = run(program, *arguments, stderr=terminal)
    os.close(terminal)
    drawn = read_all(screen)
    os.close(screen)
    assert json.loads(ended.stdout)["state"] == "done"
    assert "2/2 done" in drawn and "Clone the database" in drawn


@pytest.mark.parametrize(
    ("name", "typed", "code"),
    [
        ("terminate", b"y\n", 0),
        ("terminate", b"n\n", 1),
        ("terminate", b"\n", 1),
        ("terminate", b"\x04", 130),  # Ctrl-D
        ("stop", b"\n", 1),
        ("suspend", b"\n", 1),
        ("discard", b"\n", 1),
    ],
)
def test_on_a_terminal_what_harms_is_asked(program, master, answers, name, typed, code):
    master.answers(
        f"instance_{name}", {"instance": answers["instance_show"], "operation": None}
    )
    keyboard, terminal = pty.openpty()
    os.write(keyboard, typed)
    ended = run(program, "instance", name, "acme", stdin=terminal, stderr=terminal)
    os.close(terminal)
    screen = read_all(keyboard)
    os.close(keyboard)
    assert ended.returncode == code, screen
    assert "acme" in screen and "Go on? [y/N]" in screen
    assert len(master.calls) == (code == 0)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_the_shell(program, shell):
    ended = run(program, "completion", shell)
    assert ended.returncode == 0 and "_SAASCTL_COMPLETE" in ended.stdout


def test_a_shell_completes_commands(program):
    asking = {
        **program,
        "_SAASCTL_COMPLETE": "bash_complete",
        "COMP_WORDS": "saasctl instance re",
        "COMP_CWORD": "2",
    }
    completed = run(asking).stdout.splitlines()
    assert completed == [
        "plain,reactivate",
        "plain,rename",
        "plain,restart",
        "plain,resume",
        "plain,retry",
    ]


def closed_pipe():
    """Return the writing end of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def wait_until(condition):
    """Wait for something, with a generous limit."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
