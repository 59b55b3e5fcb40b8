"""The Python environment of master and tenants, built once per set of requirements."""

import hashlib
import os
import shutil
import tomllib
from pathlib import Path

from .commands import cure_of, own_environment, run, try_run
from .runner import Failure
from .settings import CHECKOUT

PYTHON = "/usr/bin/python3"
UV = "uv==0.13.9"
DRAWINGS = str.maketrans("×│╰─▶├", "      ")
# A program of its own: Odoo starts its websocket server by running the same file.
ODOO = """#!{venv}/bin/python
import odoo.cli

if __name__ == "__main__":
    odoo.cli.main()
"""


def find_or_build(settings, tree):
    """Return the folder of the environment that runs an Odoo tree.

    :param Path tree: the folder that holds the package `odoo`
    :rtype: Path
    :raise Failure: when packages cannot be had
    """
    venv = settings.cache / f"venv-{_fingerprint(tree)}"
    complete = venv / ".complete"
    if complete.exists():
        return venv
    uv = _find_uv(settings)
    shutil.rmtree(venv, ignore_errors=True)
    environment = _uv_environment(settings)
    _install([uv, "venv", "--quiet", "--python", PYTHON, venv], environment)
    _install(
        [uv, "pip", "install", "--quiet", "--python", venv / "bin/python",
         "--compile-bytecode", "--directory", CHECKOUT,
         "-r", CHECKOUT / "requirements.txt"],
        environment,
    )  # fmt: skip
    _add_odoo(venv, tree)
    (venv / ".lock").unlink(missing_ok=True)  # uv's, and writable by everybody
    complete.touch()
    return venv


def _fingerprint(tree):
    overrides = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["uv"]
    requirements = (CHECKOUT / "requirements.txt").read_text()
    parts = (requirements, str(overrides), run([PYTHON, "--version"]), str(tree))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _find_uv(settings):
    home = settings.cache / "uv"
    if not (home / "bin/uv").exists():
        shutil.rmtree(home, ignore_errors=True)
        run([PYTHON, "-m", "venv", home])
        command = [home / "bin/python", "-m", "pip", "install", "--quiet", UV]
        _install(command, own_environment())
    return home / "bin/uv"


def _uv_environment(settings):
    """Return the environment of uv, which does not read pip's configuration."""
    extra = {"UV_LINK_MODE": "copy", "UV_CACHE_DIR": str(settings.cache / "uv-cache")}
    python = settings.cache / "uv/bin/python"
    for option, variable in (
        ("index-url", "UV_DEFAULT_INDEX"),
        ("extra-index-url", "UV_INDEX"),
        ("cert", "SSL_CERT_FILE"),
    ):
        command = [python, "-m", "pip", "config", "get", f"global.{option}"]
        result = try_run(command, environment=own_environment())
        value = os.environ.get(f"PIP_{option.upper().replace('-', '_')}")
        if value or not result.returncode:
            extra[variable] = value or " ".join(result.stdout.split())
    return own_environment(**extra)


def _install(command, environment):
    result = try_run(command, environment=environment)
    if result.returncode:
        raise Failure(
            f"Python packages cannot be installed: {_complaint(result.stdout)}",
            cure_of(
                result.stdout, "check the network and pip's configuration, then again"
            ),
        )


def _complaint(output):
    """Return what pip or uv says last, on one line; uv draws a tree around it."""
    lines = [line.translate(DRAWINGS).strip() for line in output.splitlines()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors[-1] if errors else " ".join(filter(None, lines)))[:300]


def _add_odoo(venv, tree):
    site = next(Path(venv).glob("lib/python3.*/site-packages"))
    (site / "odoo-tree.pth").write_text(f"{tree}\n")
    program = venv / "bin/odoo"
    program.write_text(ODOO.format(venv=venv))
    program.chmod(0o755)
