"""Measure a platform that is up; print JSON and a table, keep both for the README.

Run by `make bench`: python tests/bench RUN_DIR [--quick]
"""

import argparse
import json
import os
import platform as machine
import sys
from datetime import UTC, datetime
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
for folder in ("", "addons/saas_infra", "tests/drivers", "tests/system"):
    sys.path.append(str(CHECKOUT / folder))

from billing import bill  # noqa: E402
from container import image_of, run_alone  # noqa: E402
from density import idle_cost  # noqa: E402
from finance_reports import open_reports  # noqa: E402
from people import Platform  # noqa: E402
from plain import install_and_start  # noqa: E402
from plan_changes import change_plans  # noqa: E402
from provisioning import (  # noqa: E402
    first_click,
    lifecycle,
    provision_at_once,
    provision_in_a_row,
)
from reconcile_scale import reconcile_many  # noqa: E402
from routes import change_routes  # noqa: E402
from swarm_people import SwarmPlatform, localhost_is_here  # noqa: E402
from table import render, write_readme  # noqa: E402
from targets import set_beside  # noqa: E402
from watch_look import look_around  # noqa: E402

FIGURES = CHECKOUT / "docs/figures.json"


def main():
    """Measure everything, one after the other, and clean up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run_dir", help="the platform's folder")
    parser.add_argument("--quick", action="store_true", help="few runs of each")
    options = parser.parse_args()
    runtime = Platform(options.run_dir).setting("RUNTIME")
    kind = {"process": Platform, "swarm": SwarmPlatform}[runtime]
    target = kind(run_dir=options.run_dir)
    figures = {
        "measured": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{os.cpu_count()} cores, {_memory_gib()} GiB, {machine.machine()}",
    }
    names = []
    try:
        with localhost_is_here():
            for part in _parts(target, runtime, names, quick=options.quick):
                figures |= part
                print(json.dumps(part, indent=2), file=sys.stderr, flush=True)
    finally:
        for name in names:
            target.remove(name)
    figures = set_beside(figures, runtime)
    print(json.dumps(figures, indent=2))
    print(render(figures), file=sys.stderr)
    if not options.quick:
        _keep(figures, runtime)


def _parts(target, runtime, names, *, quick):
    in_a_row, at_once, idle = (3, 3, 5) if quick else (20, 10, 30)
    few, often = (1, 3) if quick else (5, 20)
    on_swarm = runtime == "swarm"
    yield provision_in_a_row(target, in_a_row, names)
    yield first_click(target, names[: 2 if quick else 10])
    yield lifecycle(target, names[:2], few)
    if on_swarm:
        yield change_plans(target, names[:2], few)
    yield provision_at_once(target, at_once, names)
    yield idle_cost(target, min(idle, len(names)), on_swarm=on_swarm)
    if on_swarm:
        yield look_around(target, often)
        yield change_routes(target, often)
        yield run_alone(target, names[0], few)
        yield install_and_start(target, few, image_of(target, names[0]))
    else:
        yield bill(target, often, names)
        yield open_reports(target, often)
        yield reconcile_many(target, often)
        yield install_and_start(target, few)


def _keep(figures, runtime):
    """Keep these figures beside the last ones of the other runtime."""
    known = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    known[runtime] = figures
    FIGURES.write_text(json.dumps(known, indent=2, sort_keys=False) + "\n")
    write_readme(CHECKOUT / "README.md", known)


def _memory_gib():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024**3


if __name__ == "__main__":
    main()
