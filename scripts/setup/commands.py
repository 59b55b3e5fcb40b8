"""Run other programs: with a clean environment, as a given user, with their words."""

import os
import pwd
import subprocess

from .runner import Failure

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# How the C library, Rust and apt say that a disk is full.
FULL = ("No space left", "enough free space")
MINIMAL = {"PATH": PATH, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def own_environment(**extra):
    """Return root's environment for installers: proxies and certificates stay.

    PYTHON… variables do not: PYTHONDONTWRITEBYTECODE alone doubles the time that a
    tenant takes to boot.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    return kept | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"} | extra


def run(command, *, user=None, environment=None, stdin=None, log=None, seconds=1800):
    """Run a program to its end.

    :param command: the program and its arguments
    :param str user: a system user other than root; it gets a minimal environment
    :param dict environment: instead of the minimal one
    :param str stdin: what it reads; secrets travel here, never as arguments
    :param Path log: a file that gets the output as well
    :return: what it wrote to stdout and stderr
    :rtype: str
    :raise Failure: when it ends with another code than 0, with its last words
    """
    result = try_run(
        command, user=user, environment=environment, stdin=stdin, seconds=seconds
    )
    if log:
        with open(log, "a", encoding="utf-8") as file:
            file.write(result.stdout)
    if result.returncode:
        program = os.path.basename(str(command[0]))
        cure = cure_of(result.stdout, f"read {log}" if log else "")
        raise Failure(f"{program} failed: {last_words(result.stdout)}", cure)
    return result.stdout


def try_run(
    command,
    *,
    user=None,
    environment=None,
    stdin=None,
    stderr=subprocess.STDOUT,
    seconds=1800,
):
    """Run a program to its end, whatever that is.

    :param stderr: subprocess.PIPE keeps it apart from stdout
    :return: the finished process
    """
    identity = {}
    if user:
        entry = pwd.getpwnam(user)
        groups = os.getgrouplist(user, entry.pw_gid)
        identity = {"user": user, "group": entry.pw_gid, "extra_groups": groups}
        # What a service writes, nobody else reads.
        identity["umask"] = 0o007
    try:
        return subprocess.run(
            [str(word) for word in command],
            env=environment or MINIMAL,
            input=stdin or "",
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            errors="replace",
            cwd="/",
            timeout=seconds,
            check=False,
            **identity,
        )
    except FileNotFoundError as error:
        raise Failure(f"{command[0]} is missing", "make up") from error
    except subprocess.TimeoutExpired as error:
        raise Failure(
            f"{command[0]} took more than {seconds} s",
            "look at the network, the disks and the load; the same command goes on "
            "from here",
        ) from error


def cure_of(output, usual):
    """Return the cure of what a program said: room where the disk is full.

    :param str usual: the cure of all else
    """
    return "make room, then again" if any(map(output.__contains__, FULL)) else usual


def last_words(output, lines=3):
    """Return the last lines of an output as one."""
    words = [line.strip() for line in output.splitlines() if line.strip()]
    return " | ".join(words[-lines:]) or "it said nothing"
