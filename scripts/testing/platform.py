"""The platform that tests run on: made by the same set-up, beside any other one."""

import contextlib
import os
import re
from dataclasses import replace

from ..setup import choices, locks, master, reboot, stages, teardown
from ..setup.runner import Failure
from . import swarm_platform

VARIABLES = {
    "RUN_DIR": ("TEST_RUN_DIR", "/var/lib/saasodoo-test"),
    "PORT_BASE": ("TEST_PORT_BASE", "28000"),
    "TENANT_UID_BASE": ("TEST_TENANT_UID_BASE", "290000"),
}


def load(runtime="process", *, database_only=False, billing="none"):
    """Return the settings of the tests' platform on one of the runtimes.

    :param bool database_only: bring up PostgreSQL, and neither proxy nor master
    :param str billing: killbill has one come up, with a clock that tests move
    """
    own = {
        name: os.environ.get(variable) or default
        for name, (variable, default) in VARIABLES.items()
    }
    if runtime == "swarm":
        own = swarm_platform.CHOICES
    kept = {
        name: os.environ[name]
        for name in ("CACHE_DIR", "ODOO_SOURCE", "KILLBILL_WAR")
        if name in os.environ
    }
    # Tests sell more than this machine has: their tenants are idle, and purged at once.
    loose = {
        "NODE_CORES": "64",
        "NODE_MEMORY_MB": "131072",
        "LEAST_RETENTION_DAYS": "0",
    }
    return replace(
        choices.load(own | kept | loose),
        database_only=database_only,
        billing=billing,
        killbill_test_mode=True,
    )


def in_words_of_tests(failure, target):
    """Return a failure of set-up with the command and the variables that tests take.

    :param str target: what was made; lint takes the variables of `up`
    """
    texts = [failure.message, failure.cure]
    if target != "lint":
        names = re.compile(rf"\b({'|'.join(VARIABLES)})\b")
        texts = [names.sub(lambda found: VARIABLES[found[1]][0], t) for t in texts]
    return Failure(*(text.replace("make up", f"make {target}") for text in texts))


@contextlib.contextmanager
def exclusive(chosen):
    """Refuse a second run on the same platform."""
    chosen.run.parent.mkdir(parents=True, exist_ok=True)
    refused = Failure(
        f"other tests are running on {chosen.run}",
        "wait, or give TEST_RUN_DIR, TEST_PORT_BASE, TEST_TENANT_UID_BASE",
    )
    only = swarm_platform.alone() if chosen.on_swarm else contextlib.nullcontext()
    with locks.refusing(f"{chosen.run}.lock", refused), only:
        yield


@contextlib.contextmanager
def servers(chosen, report):
    """Have the servers of a data plane for a while, and the code in place."""
    try:
        stages.bring_up_servers(chosen, report)
        yield
    finally:
        _leave(chosen, report)


def start_anew(chosen, report):
    """Remove what an earlier run left, so that each run sees the same."""
    if chosen.choices.exists():
        remove(chosen, report)


def remove(chosen, report):
    """Stop the platform and remove all of it."""
    teardown.stop_all(chosen, report, removing=True)
    report.step("removal", teardown.remove, chosen)


def loosen(chosen):
    """Let tests purge at once what they made, and sell more than the disk has."""
    script = """
env["ir.config_parameter"].set_param("saas_master.retention_days", "0")
env["saas.storage"].search([]).write({"storage_ratio": 100, "max_gigabytes": 10000})
env.cr.commit()
"""
    master.run_odoo(chosen, "shell", stdin=script, log="install.log")


def is_kept():
    """Tell whether people want to look at the platform afterwards."""
    return os.environ.get("KEEP") == "1"


def _leave(chosen, report):
    if not is_kept():
        teardown.stop_all(chosen, report)
        # A test of `up` had it start with the machine.
        reboot.remove(chosen)
