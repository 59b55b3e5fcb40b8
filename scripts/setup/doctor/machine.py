"""What lies on the machine: packages, code, users, folders, keys, storages."""

import pwd
import stat

from .. import (
    accounts,
    checks,
    files,
    folders,
    keys,
    logrotate,
    packages,
    reboot,
    storages,
)
from ..commands import try_run
from ..runner import Failure
from .finding import Finding, wrong

# Paths below RUN_DIR
SECRETS = (
    "platform.env",
    "etc/*pass*",
    "etc/*.key",
    "etc/helper.json",
    "etc/jobs.conf",
    "etc/web.conf",
    "etc/relay.conf",
    "etc/smarthost",
)


def check_packages(settings):
    missing = packages.missing(packages.needed(settings))
    yield Finding("Debian packages", missing and f"missing {', '.join(missing)}")


def check_room(settings):
    try:
        warning = checks.check_space(settings)
        yield Finding("free disk space" + (f" ({warning})" if warning else ""))
    except Failure as failure:
        yield Finding("free disk space", failure.message, failure.cure)


def check_code(settings):
    code = settings.run / "code"
    tree = (code / "odoo/odoo/release.py").exists()
    yield Finding("Odoo's tree", "" if tree else f"{code}/odoo leads nowhere")
    python = [settings.venv / "bin/python", "-c", "import odoo.release, nacl, psycopg2"]
    result = try_run(python) if (settings.venv / "bin/python").exists() else None
    broken = "" if result and not result.returncode else "it does not import Odoo"
    cure = f"rm -r {settings.venv.resolve()}, then {settings.make()}"
    yield Finding("Python environment", broken, cure)


def check_users(settings):
    for name in accounts.needed(settings):
        yield Finding(f"user {name}", "" if _knows(name) else "it is missing")
    helper = settings.run / "code/bin/root-helper"
    rule = ["sudo", "-n", "-l", helper]
    allowed = try_run(rule, user=accounts.JOBS).returncode == 0
    yield Finding(
        "sudo rule", "" if allowed else f"{accounts.JOBS} may not run {helper}"
    )


def check_folders(settings):
    closed = files.unreachable_parent(settings.run.parent)
    trouble = f"other users cannot enter {closed}" if closed else ""
    yield Finding("way to the platform", trouble, f"chmod o+x {closed}")
    for path, *rights in folders.expected(settings):
        name = f"folder {path or settings.run}"
        yield Finding(name, wrong(settings.run / path, *rights))


def check_secrets(settings):
    """Look whether others may read what is a secret."""
    open_ones = [
        path
        for pattern in SECRETS
        for path in sorted(settings.run.glob(pattern))
        if path.stat().st_mode & stat.S_IROTH
    ]
    trouble = f"others may read {', '.join(map(str, open_ones))}" if open_ones else ""
    cure = f"chmod o= {' '.join(map(str, open_ones))}, then make the secret anew"
    yield Finding("files with secrets", trouble, cure)


def check_keys(settings):
    folder = settings.run / "keys"
    escrow = "bring it back from escrow: what it sealed cannot be opened without it"
    for name, mode, owner in keys.expected(settings):
        lost = name.endswith(".key") and not (folder / name).exists()
        cure = escrow if lost else ""
        yield Finding(f"key {name}", wrong(folder / name, mode, owner), cure)
    yield Finding("pairs of keys", keys.mismatch(settings), escrow)


def check_outside(settings):
    """Look at what lies outside of the platform's folder."""
    files_of_ours = [
        (
            f"file of the sudo rule {settings.sudoers}",
            accounts.is_rule_as_written(settings),
        ),
        (f"rotation of logs {settings.logrotate}", logrotate.is_as_written(settings)),
    ]
    if reboot.SYSTEMD.exists():
        files_of_ours.append(
            (f"unit {settings.unit.name}", reboot.is_as_written(settings))
        )
    for name, well in files_of_ours:
        yield Finding(name, "" if well else "it is missing, or was changed")


def check_storages(settings):
    for root in storages.roots(settings):
        marked = storages.is_ours(settings, root)
        yield Finding(
            f"storage {root}",
            "" if marked else "it has no sentinel of ours: is it mounted?",
            f"mount it; a new one is marked by {settings.make()}, or by "
            + settings.saasctl("storage add"),
        )


def _knows(user):
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
