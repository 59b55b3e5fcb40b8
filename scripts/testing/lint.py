"""Style of all files that git knows or would add."""

import subprocess

from ..setup.commands import own_environment, try_run
from ..setup.runner import Failure
from ..setup.settings import CHECKOUT


def run(venv):
    """Run every checker; the first finding does not hide the others.

    :param Path venv: the Python environment
    :return: the exit code
    """
    paths = list_files()
    python = [path for path in paths if path.endswith(".py")]
    addons = sorted({"/".join(p.split("/")[:2]) for p in paths if p[:7] == "addons/"})
    checkers = (
        ("ruff", [venv / "bin/ruff", "check", "--no-cache"], python),
        ("pylint-odoo", [venv / "bin/pylint"], addons),
        ("shellcheck", ["shellcheck"], [p for p in paths if is_shell(p)]),
        ("xmllint", ["xmllint", "--noout", "--nonet"], with_ending(paths, ".xml")),
        ("yamllint", [venv / "bin/yamllint", "--strict"], yaml_files(paths)),
    )
    failed = [
        name for name, command, files in checkers if not _check(name, command, files)
    ]
    print(f"lint: {'found something: ' + ', '.join(failed) if failed else 'clean'}")
    return 1 if failed else 0


def list_files():
    """Return the files of the checkout, without what git ignores.

    :raise Failure: where this is no checkout
    """
    # Root may look into a checkout of somebody else.
    safe = ["git", "-c", f"safe.directory={CHECKOUT}", "-C", str(CHECKOUT)]
    command = [*safe, "ls-files", "--cached", "--others", "--exclude-standard"]
    result = try_run(command, environment=own_environment())
    if result.returncode:
        raise Failure(f"git cannot list the files: {result.stdout.strip()}")
    return sorted(
        p for p in set(result.stdout.splitlines()) if (CHECKOUT / p).is_file()
    )


def is_shell(path):
    """Tell whether a file is a shell script, by its name or its first line."""
    if path.endswith(".sh"):
        return True
    with open(CHECKOUT / path, "rb") as file:
        first = file.readline(80)
    return first.startswith(b"#!") and first.split(b"/")[-1].split()[-1] in SHELLS


def with_ending(paths, *endings):
    return [path for path in paths if path.endswith(endings)]


def yaml_files(paths):
    return with_ending(paths, ".yml", ".yaml") + with_ending(paths, ".yamllint")


SHELLS = {b"sh", b"bash", b"dash"}


def _check(name, command, files):
    if not files:
        print(f"{name}: nothing to check", flush=True)
        return True
    words = [str(word) for word in (*command, *files)]
    environment = own_environment(PYTHONDONTWRITEBYTECODE="1")
    result = subprocess.run(words, cwd=CHECKOUT, env=environment, check=False)
    state = "found something" if result.returncode else "clean"
    print(f"{name}: {state} ({len(files)} looked at)", flush=True)
    return not result.returncode
