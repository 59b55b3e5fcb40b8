"""Copy what runs out of the checkout: readable by all services, writable by none.

The checkout may lie where other users cannot read; nothing but set-up and tests use it.
"""

import hashlib
import os
import shutil
from pathlib import Path

from . import files, odoo_tree
from .commands import own_environment, try_run
from .settings import CHECKOUT

IGNORED = {"__pycache__", ".pytest_cache"}
TENANT = "saas_tenant"
WEB_GRANTS = CHECKOUT / "config/postgresql/web_grants.sql"


def copy_release(settings, tree, venv):
    """Bring RUN_DIR/code up to date.

    :param Path tree: the folder that holds the package `odoo`
    :param Path venv: the Python environment
    :return: what was done, in words
    """
    code = settings.run / "code"
    moved = [files.link(code / "odoo", tree), files.link(code / "venv", venv)]
    wanted = _wanted_files()
    changed = [path for path in wanted if _copy(wanted[path], code / path)]
    removed = _remove_others(code, wanted)
    if changed or removed:
        _compile(settings)
    if not (changed or removed or any(moved)):
        return "unchanged"
    return f"{len(changed)} files copied, {removed} removed"


def code_hash(settings):
    """Return what the master is made of, so that a change upgrades it.

    What its service `web` may write is given anew with each upgrade, so it counts, too.
    """
    digest = hashlib.sha256(os.readlink(settings.venv).encode())
    tree = Path(os.readlink(settings.run / "code/odoo"))
    digest.update(f"{tree} {odoo_tree.state(tree)}".encode())
    for path in sorted((settings.run / "code/master").rglob("*")):
        relevant = path.is_file() and not {*path.parts} & (IGNORED | {"tests"})
        if relevant:
            digest.update(str(path).encode() + path.read_bytes())
    digest.update(WEB_GRANTS.read_bytes())
    return digest.hexdigest()


def _wanted_files():
    """Return path below code/ -> file of the checkout."""
    wanted = {}
    for addon in sorted((CHECKOUT / "addons").iterdir()):
        if not (addon / "__manifest__.py").exists():
            continue
        home = Path("tenant" if addon.name == TENANT else "master")
        for path in _files_below(addon):
            wanted[home / addon.name / path.relative_to(addon)] = path
    for path in (CHECKOUT / "scripts/root_helper").glob("*.py"):
        wanted[Path("bin/root_helper") / path.name] = path
    for name, source in (
        ("bin/root-helper", CHECKOUT / "scripts/root-helper"),
        ("tenant.conf", CHECKOUT / "config/tenant.conf"),
        ("swarm-tenant.conf", CHECKOUT / "config/swarm/tenant.conf"),
    ):
        if source.exists():
            wanted[Path(name)] = source
    return wanted


def _files_below(folder):
    return (
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not {*path.parts} & IGNORED and path.suffix != ".pyc"
    )


def _copy(source, target):
    """Copy one file in one step, so that a running server never reads half of it."""
    # Under a close mask nobody but the checkout's owner may run its programs.
    mode = 0o755 if source.stat().st_mode & 0o100 else 0o644
    folders = [parent for parent in target.parents if not parent.exists()]
    for folder in reversed(folders):
        files.make_folder(folder, 0o755)
    return files.write(target, source.read_bytes(), mode=mode)


def _remove_others(code, wanted):
    removed = 0
    for home in ("master", "tenant"):
        for path in _files_below(code / home):
            if path.relative_to(code) not in wanted:
                path.unlink()
                removed += 1
        for folder in sorted((code / home).glob("*"), reverse=True):
            if not (folder / "__manifest__.py").exists():
                shutil.rmtree(folder)
    return removed


def _compile(settings):
    code = settings.run / "code"
    homes = [home for home in (code / "master", code / "tenant") if home.is_dir()]
    command = [settings.venv / "bin/python", "-m", "compileall", "-q", *homes]
    try_run(command, environment=own_environment())
