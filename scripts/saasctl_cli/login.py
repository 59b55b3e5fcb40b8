"""`saasctl login`: root fetches a new key on the master's machine."""

import contextlib
import json
import os
import pwd
import subprocess
from pathlib import Path

import click

from .app import Command, pass_app
from .errors import Failed, Refused, WrongUsage
from .settings import stored_settings_path

JOBS_USER = "saas-jobs"
SHELL_SECONDS = 120
MARKER = "saasctl-key:"
MASTER_PORT = 69  # after PORT_BASE
# The key leaves the shell by its standard output alone: arguments are seen by all
# users of the machine, and logs are kept.
SCRIPT = f"""
key = env["saas.api"]._issue_key(user="saasctl", days=90)
env.cr.commit()
print("{MARKER}" + key, flush=True)
"""


@click.command("login", cls=Command, example="sudo saasctl login")
@pass_app
def login(app):
    """Fetch a new key of 90 days, as root on the master's machine.

    The key is kept in the platform's run folder, for root alone."""
    if os.geteuid() != 0:
        raise Refused("a key is issued to root alone", "sudo saasctl login")
    url = app.url or _public_address(app.run_dir)
    key_file = Path(app.key_file or app.run_dir / "etc/saasctl.key").absolute()
    _write_closed(key_file, _issue_key(app.run_dir) + "\n")
    stored = {"url": url, "key_file": str(key_file)}
    _write_closed(stored_settings_path(app.run_dir), json.dumps(stored) + "\n")
    app.say(stored, lambda stored: print(f"Logged in to {url}; key in {key_file}"))


def _issue_key(run_dir):
    """Have the master's own shell make a key, as the user who may."""
    python = run_dir / "code" / "venv" / "bin" / "python"
    conf = run_dir / "etc" / "jobs.conf"
    try:
        user = pwd.getpwnam(JOBS_USER)
        shell = subprocess.run(
            [python, "-m", "odoo", "shell", "-c", conf, "--no-http"],
            input=SCRIPT,
            capture_output=True,
            text=True,
            timeout=SHELL_SECONDS,
            cwd="/",
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=os.getgrouplist(JOBS_USER, user.pw_gid),
            env={
                "HOME": user.pw_dir,
                "USER": JOBS_USER,
                "PATH": "/usr/bin:/bin",
                # No password in clear to whoever listens while the server is down.
                "PGREQUIREAUTH": "scram-sha-256",
            },
        )
    except (KeyError, OSError) as error:
        raise Failed("no master is set up on this machine", "make up") from error
    except subprocess.TimeoutExpired as error:
        raise Failed(
            f"the master's shell did not end in {SHELL_SECONDS} s", "make doctor"
        ) from error
    lines = shell.stdout.splitlines()
    keys = [line.removeprefix(MARKER) for line in lines if line.startswith(MARKER)]
    if shell.returncode or len(keys) != 1:
        last = shell.stderr.strip().splitlines()[-1:] or ["it says nothing"]
        raise Failed(f"the master issued no key ({last[0]})", "make doctor")
    return keys[0].strip()


def _public_address(run_dir):
    """Return the master's address as the platform's settings have it."""
    path = run_dir / "platform.env"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        values = dict(line.split("=", 1) for line in lines if "=" in line)
        port = int(values["PORT_BASE"].strip("\"'")) + MASTER_PORT
    except (OSError, KeyError, ValueError) as error:
        raise WrongUsage(f"{path} names no port", "make up, or give --url") from error
    return f"http://127.0.0.1:{port}"


def _write_closed(path, content):
    """Write a file that only its owner could ever read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
        os.replace(draft, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
