"""Warnings in Odoo's logs fail a run, except the few that are listed with a reason."""

import re

from ..setup.settings import CHECKOUT

LOUD = re.compile(r"^\S+ \S+ \d+ (WARNING|ERROR|CRITICAL) ")
EXPECTED = CHECKOUT / "tests/expected_warnings.txt"
SHOWN = 20


def positions(settings):
    """Return how long each log is now, so that only what comes later is read."""
    return {path: path.stat().st_size for path in _logs(settings)}


def unexpected(settings, since):
    """Find loud lines that nobody expects.

    :param dict since: what `positions` returned
    :return: the lines, with the log's name
    :rtype: list[str]
    """
    patterns = read_expected()
    found = []
    for path in _logs(settings):
        with open(path, encoding="utf-8", errors="replace") as file:
            file.seek(since.get(path, 0))
            found += [
                f"{path.name}: {line.rstrip()}"
                for line in file
                if LOUD.match(line) and not any(p.search(line) for p in patterns)
            ]
    return found


def check(settings, since, results):
    """Add unexpected lines to the results, as one failure."""
    found = unexpected(settings, since)
    for line in found[:SHOWN]:
        print(line)
    if found:
        results.complain(f"{len(found)} unexpected warnings in Odoo's logs")


def read_expected():
    """Read the list: a comment that says why, then the pattern.

    :raise ValueError: where a pattern has no reason
    """
    patterns, reason = [], ""
    for line in EXPECTED.read_text().splitlines():
        if line.startswith("#"):
            reason = line
        elif line.strip():
            if not reason:
                raise ValueError(f"{EXPECTED}: no reason above {line!r}")
            patterns.append(re.compile(line))
        else:
            reason = ""
    return patterns


def _logs(settings):
    names = ("web.log", "jobs.log", "install.log", "tests.log")
    ours = [settings.log / name for name in names]
    # What the journeys kept of tenants that are gone; a living one's has two names.
    tenants = (settings.log / "tenants").glob("*.log")
    kept = (settings.log / "kept").glob("*.log")
    paths = (*ours, *sorted(tenants), *sorted(kept))
    files = {}
    for path in paths:
        if path.exists():
            files.setdefault(path.stat().st_ino, path)
    return list(files.values())
