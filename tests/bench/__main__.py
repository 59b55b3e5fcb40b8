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
sys.path.insert(0, str(CHECKOUT / "tests/system"))

from density import idle_cost  # noqa: E402
from people import Platform  # noqa: E402
from plain import install_and_start  # noqa: E402
from provisioning import (  # noqa: E402
    first_click,
    lifecycle,
    provision_at_once,
    provision_in_a_row,
)
from reconcile_scale import reconcile_many  # noqa: E402
from table import render, write_readme  # noqa: E402
from targets import set_beside  # noqa: E402

MODULES = "web,mail,contacts,calendar"


def main():
    """Measure everything, one after the other, and clean up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run_dir", help="the platform's folder")
    parser.add_argument("--quick", action="store_true", help="few runs of each")
    options = parser.parse_args()
    target = Platform(options.run_dir)
    figures = {
        "measured": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{os.cpu_count()} cores, {_memory_gib()} GiB, {machine.machine()}",
    }
    names = []
    try:
        for part in _parts(target, names, quick=options.quick):
            figures |= part
            print(json.dumps(part, indent=2), file=sys.stderr, flush=True)
    finally:
        for name in names:
            target.remove(name)
    figures = set_beside(figures)
    print(json.dumps(figures, indent=2))
    print(render(figures), file=sys.stderr)
    if not options.quick:
        folder = CHECKOUT / "docs"
        folder.mkdir(exist_ok=True)
        (folder / "figures.json").write_text(json.dumps(figures, indent=2) + "\n")
        write_readme(CHECKOUT / "README.md", figures)


def _parts(target, names, *, quick):
    in_a_row, at_once, idle = (3, 3, 5) if quick else (20, 10, 30)
    yield provision_in_a_row(target, in_a_row, names)
    yield first_click(target, names[: 2 if quick else 10])
    yield lifecycle(target, names[:2], 1 if quick else 5)
    yield provision_at_once(target, at_once, names)
    yield idle_cost(target, min(idle, len(names)))
    yield reconcile_many(target, 3 if quick else 20)
    port = int(target.setting("PORT_BASE")) + 2990
    yield install_and_start(target, MODULES, port, 1 if quick else 5)


def _memory_gib():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024**3


if __name__ == "__main__":
    main()
