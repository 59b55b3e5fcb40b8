"""`make lint`, `make test`, `make test-fast`, `make test-all`, `make bench`."""

import os
import signal
import subprocess
import sys

from ..setup import checks, killbill, packages, stages, supervisors, traefik
from ..setup.choices import RUNTIMES, load
from ..setup.commands import MINIMAL
from ..setup.runner import Failure, Report, main_guard
from ..setup.settings import CHECKOUT
from . import killer, leftovers, lint, logs, platform, running, suites
from .results import Results

# Of most tests: systemd says whether our unit is one, where it does not run, too; the
# root helper listens on a swarm alone.
USUAL_PACKAGES = ("socat", "systemd")
# Of the tours through the backend, and of storages on other machines
OTHER_PACKAGES = ("chromium", "openssh-server")
# Of the slow cases: a swarm in a namespace of its own, SSH to it, routes in Redis, and
# a Ceph cluster with its file system
SLOW_PACKAGES = (
    "ceph-common",
    "ceph-fuse",
    "ceph-mds",
    "ceph-mgr",
    "ceph-mon",
    "ceph-osd",
    "docker.io",
    "iproute2",
    "openssl",
    "redis-server",
)


def run_lint():
    """Install the checkers where they are missing, and run them."""
    _, venv = stages.get_tools(load(), Report(out=sys.stderr))
    return lint.run(venv)


def run_fast():
    """Run what needs no server but PostgreSQL; what is there is used again."""
    return _run(anew=False, with_master=False, depth="fast")


def run_all():
    """Run what CI runs, from nothing."""
    return _run(anew=True, with_master=True, depth="all")


def run_killbill():
    """Run what needs a Kill Bill, from nothing."""
    chosen = platform.load(database_only=True, billing="killbill")
    report, results = Report(), Results()
    with platform.exclusive(chosen):
        platform.start_anew(chosen, report)
        with platform.servers(chosen, report):
            _run_killbill(chosen, results, "slow")
    return results.print_all()


def run_slow():
    """Run everything."""
    report = Report()
    report.step("packages of slow tests", packages.install_missing, SLOW_PACKAGES)
    report.step("Traefik", traefik.PROGRAM.find_or_build, platform.load())
    return _run(anew=True, with_master=True, depth="slow")


def run_bench():
    """Measure each runtime, or the one that is named, on a platform of its own."""
    named = os.environ.get("RUNTIME")
    if named and named not in RUNTIMES:
        raise Failure(f"RUNTIME={named} is not {' or '.join(RUNTIMES)}", "make bench")
    return max(_measure(runtime) for runtime in ([named] if named else RUNTIMES))


def _measure(runtime):
    # Billing is measured once: it does not know on what tenants run.
    billing = "killbill" if runtime == "process" else "none"
    chosen, report = platform.load(runtime, billing=billing), Report()
    with platform.exclusive(chosen):
        platform.start_anew(chosen, report)
        with platform.servers(chosen, report):
            stages.bring_up_master(chosen, report)
            platform.loosen(chosen)
            stages.take_first_steps(chosen, report)
            if not chosen.on_swarm:
                suites.prepare_database(chosen)
            python = str(chosen.venv / "bin/python")
            command = [python, "tests/bench", str(chosen.run)]
            code = subprocess.call(command, cwd=CHECKOUT, env=MINIMAL)
        # What failed stays, stopped, for whoever looks why.
        if not code and not platform.is_kept():
            platform.remove(chosen, report)
        return code


def _run(*, anew, with_master, depth):
    billing = "killbill" if with_master else "none"
    chosen = platform.load(database_only=not with_master, billing=billing)
    report, results = Report(), Results()
    others = () if depth == "fast" else OTHER_PACKAGES
    wanted = USUAL_PACKAGES + others
    report.step("packages of tests", packages.install_missing, wanted)
    adopter = leftovers.adopt()
    with platform.exclusive(chosen):
        if anew:
            platform.start_anew(chosen, report)
        since = logs.positions(chosen)
        with platform.servers(chosen, report):
            _run_without_master(chosen, results, depth)
            if with_master:
                _run_killbill(chosen, results, depth)
                stages.bring_up_master(chosen, report)
                platform.loosen(chosen)
                stages.take_first_steps(chosen, report)
                running.run(suites.journeys(chosen, depth), results)
            leftovers.end(chosen, results, adopter)
            logs.check(chosen, since, results)
    report.print_table()
    return results.print_all()


def _run_killbill(chosen, results, depth):
    # One clock moves for all: not beside each other.
    for suite in (suites.killbill, suites.stories):
        with killer.listening(chosen):
            running.run(suite(chosen, depth), results)
        # Whoever comes next begins at real time.
        supervisors.restart(chosen, supervisors.DATA, supervisors.KILLBILL)
        killbill.wait_until_up(chosen)


def _run_without_master(chosen, results, depth):
    with running.beside(suites.addons(chosen, depth), results):
        for suite in (suites.setup, suites.drivers, suites.saasctl):
            running.run(suite(chosen, depth), results)


# What each word does, and what people call it.
COMMANDS = {
    "lint": (run_lint, "lint"),
    "fast": (run_fast, "test-fast"),
    "all": (run_all, "test"),
    "slow": (run_slow, "test-all"),
    "killbill": (run_killbill, "test-killbill"),
    "bench": (run_bench, "bench"),
}


def main():
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if name not in COMMANDS:
        raise Failure(f"unknown command {name!r}", "one of " + ", ".join(COMMANDS))
    command, target = COMMANDS[name]
    # A shell has what it starts in the background ignore it, and so would all suites.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        checks.check_root(f"make {target}")
        sys.exit(command())
    except Failure as failure:
        raise platform.in_words_of_tests(failure, target) from failure


main_guard(main)
