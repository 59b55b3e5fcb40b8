"""The commands behind the Makefile."""

import hashlib
import sys
from pathlib import Path

from . import (
    administrator,
    certificates,
    checks,
    choices,
    doctor,
    edge,
    epoch,
    escrow,
    first_instance,
    folders,
    locks,
    master_stack,
    reboot,
    rotation,
    scan,
    stages,
    storage_host,
    storages,
    teardown,
)
from .odoo_shell import ask
from .runner import Failure, Report, main_guard


def up():
    """Bring the platform up; what is there already is left alone."""
    run = choices.run_dir()
    name = hashlib.sha256(str(run).encode()).hexdigest()[:16]
    refused = Failure(f"another make up is under way in {run}", "wait for its end")
    # Outside of the folder: the second one must not even choose what the first chose.
    with locks.refusing(f"/run/saasodoo-{name}.lock", refused):
        _bring_up(choices.load())


def _bring_up(chosen):
    report = Report()
    stages.bring_up_servers(chosen, report)
    stages.bring_up_master(chosen, report)
    stages.take_first_steps(chosen, report)
    if chosen.demo:
        report.step("first instance", first_instance.provide, chosen)
    report.step("after a reboot", reboot.install, chosen)
    report.print_table()
    print(f"\nMaster   {chosen.master_url}")
    print(f"  login  {administrator.describe(chosen)}")
    if chosen.demo:
        print(first_instance.describe(chosen))
    if chosen.on_swarm:
        print(certificates.describe(chosen))


def start(chosen):
    """Start what is installed, after a reboot: no network, no installation."""
    reboot.start(chosen, Report())


def down(chosen):
    """Stop everything, tenants too."""
    teardown.stop_all(chosen, Report())


def down_master(chosen):
    """Stop the control plane; tenants go on serving."""
    Report().step("control plane", teardown.stop_master, chosen)


def reset(chosen):
    """Stop everything and remove the platform with all its data."""
    teardown.confirm(chosen)
    report = Report()
    teardown.stop_all(chosen, report, removing=True)
    report.step("removal", teardown.remove, chosen)


def examine(chosen):
    """Check every part, and say how to mend what is broken."""
    sys.exit(doctor.examine(chosen))


def rotate_key(chosen):
    """Seal all secrets with a new key; the services go on meanwhile."""
    report = Report()
    rotation.rotate(chosen, report)
    again = chosen.make("export-keys FILE=…")
    print(f"\nThe keys in escrow are no longer all: {again}")


def export_keys(chosen, target):
    """Write all keys into a new file, for a safe place outside."""
    Report().step("keys", escrow.export, chosen, target)
    print(f"\n{escrow.PURPOSE}")


def add_storage(chosen, root, kind="directory"):
    """Let tenants' files lie in one more directory; the master is told by saasctl."""
    Report().step("storage", storages.add, chosen, root, kind)
    folders.write_helper_settings(chosen)
    command = f"storage add NAME --cluster local --kind {kind} --root {root}"
    print(f"\nTell the master: {chosen.saasctl(command)}")


def prepare_storage_host(root, platform, uids, key):
    """Let a master elsewhere work on a storage that is mounted here, over SSH."""
    line = storage_host.install(choices.run_dir(), root, platform, uids, key)
    print(f"Add this line to /root/.ssh/authorized_keys:\n\n{line}\n")
    print("Then tell the master, with an address of ssh://root@this-machine:")
    print("  saasctl storage add NAME --cluster … --kind … --root … --address …")


def change_place(chosen, place, *changes):
    """Change where a place is reached: what people give to it once."""
    kind, _, name = place.partition("/")
    if kind not in PLACES or not name:
        cure = " or ".join(f"{kind}/NAME" for kind in PLACES)
        raise Failure(f"{place} is no place", f"PLACE={cure}")
    values = {}
    for change in changes:
        field, equals, text = change.partition("=")
        if not equals:
            raise Failure(f"{change} is no change", 'CHANGE="field=value …"')
        values[field] = _read_file(text[1:]) if text.startswith("@") else text
    print(ask(chosen, f"env[{PLACES[kind]!r}]._change_place({name!r}, {values!r})"))


def _read_file(path):
    try:
        return Path(path).read_text()
    except (OSError, UnicodeError) as error:
        raise Failure(f"{path} cannot be read: {error}", "name a text file") from error


def scan_images(chosen):
    """Write down what is in each of our images."""
    for path in scan.scan(chosen, Report()):
        print(path)


def deploy(chosen):
    """Roll the stacks forward to this checkout; tenants go on."""
    _check_swarm(chosen)
    stages.roll_forward(chosen, Report())


def roll_back(chosen):
    """Bring the stacks back to what they were before the last deployment."""
    _check_swarm(chosen)
    report = Report()
    report.step("stack", edge.of(chosen).roll_back)
    report.step("control plane", master_stack.of(chosen).roll_back)


def _check_swarm(chosen):
    if not (chosen.etc / "gateway").exists():
        cure = chosen.make("up") + " RUNTIME=swarm"
        raise Failure(f"no swarm was brought up in {chosen.run}", cure)


def new_epoch(chosen):
    """Let this master hold its storages, after a restore that was meant."""
    Report().step("new epoch", epoch.begin, chosen)
    print(f"\nLook: {chosen.saasctl('reconcile --dry-run')}")
    print(f"Then let changes in: {chosen.saasctl('unfreeze')}")


# What works where no platform is yet.
ANYWHERE = {"up": up, "storage-host": prepare_storage_host}
# What works on the platform that RUN_DIR names.
ON_A_PLATFORM = {
    "start": start,
    "down": down,
    "down-master": down_master,
    "reset": reset,
    "doctor": examine,
    "rotate-key": rotate_key,
    "export-keys": export_keys,
    "add-storage": add_storage,
    "change-place": change_place,
    "scan": scan_images,
    "new-epoch": new_epoch,
    "deploy": deploy,
    "roll-back": roll_back,
}
# What people type where that is no target of the Makefile.
TYPED = {"deploy": "swarm/deploy", "roll-back": "swarm/rollback"}
# What a command needs to know, in words.
ARGUMENTS = {
    "export-keys": ("FILE=/path/of/a/new/file",),
    "add-storage": ("ROOT=/path/of/a/directory",),
    "storage-host": (
        "ROOT=/mnt/tenants",
        "PLATFORM=its-uuid",
        "UIDS=200000-209999",
        'KEY="ssh-ed25519 …"',
    ),
    "change-place": ("PLACE=cluster/NAME", 'CHANGE="field=value …"'),
}
# How many it may be told beyond those.
OPTIONAL = {"add-storage": 1, "change-place": 9}
# Whose records people name by kind.
PLACES = {
    "cluster": "saas.cluster",
    "storage": "saas.storage",
    "server": "saas.database.server",
    "relay": "saas.mail.relay",
}


def main():
    name, *arguments = [*filter(None, sys.argv[1:])] or [""]
    if name not in ANYWHERE | ON_A_PLATFORM:
        known = ", ".join(ANYWHERE | ON_A_PLATFORM)
        raise Failure(f"unknown command {name!r}", f"one of {known}")
    checks.check_root(TYPED.get(name, f"make {name}"))
    wanted = ARGUMENTS.get(name, ())
    if not 0 <= len(arguments) - len(wanted) <= OPTIONAL.get(name, 0):
        cure = " ".join(("make", name, *wanted))
        raise Failure(f"{name} takes {len(wanted)} arguments", cure)
    if name in ANYWHERE:
        ANYWHERE[name](*arguments)
    else:
        ON_A_PLATFORM[name](_find_platform(), *arguments)


def _find_platform():
    chosen = choices.load()
    checks.check_made(chosen)
    return chosen


main_guard(main)
