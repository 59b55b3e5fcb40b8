"""Warnings in Odoo's logs fail a run, except the few that are listed with a reason."""

import os
import re
import time
from datetime import UTC, datetime

from ..setup.settings import CHECKOUT

LOUD = re.compile(r"^(\S+ \S+),\d+ \d+ (WARNING|ERROR|CRITICAL) ")
EXCUSES = "excuses"  # in RUN_DIR/log: until when, since when, and which lines
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
    patterns, excuses = read_expected(), _read_excuses(settings)
    found = []
    for path in _logs(settings):
        with open(path, encoding="utf-8", errors="replace") as file:
            file.seek(since.get(path, 0))
            found += [
                f"{path.name}: {line.rstrip()}"
                for line in file
                if LOUD.match(line)
                and not any(p.search(line) for p in patterns)
                and not _is_excused(line, excuses)
            ]
    return found


def excuse(settings, since, pattern="", later=30):
    """Expect loud lines for a while: a test breaks something on purpose.

    :param float since: when it began, in seconds since 1970
    :param str pattern: a regular expression of the lines; all where it is empty
    :param float later: seconds from now on that they may still come
    """
    with open(settings.log / EXCUSES, "a", opener=_open_private) as file:
        # What is loud in the first second of it counts.
        file.write(f"{int(since)} {time.time() + later:.0f} {pattern}\n")


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


def _open_private(path, flags):
    return os.open(path, flags, 0o600)  # Tenants pass through this folder.


def _read_excuses(settings):
    path = settings.log / EXCUSES
    lines = path.read_text().splitlines() if path.exists() else []
    fields = (line.split(" ", 2) for line in lines)
    return [
        (int(since), int(until), re.compile(pattern))
        for since, until, pattern in fields
    ]


def _is_excused(line, excuses):
    written = datetime.strptime(LOUD.match(line)[1], "%Y-%m-%d %H:%M:%S")
    moment = written.replace(tzinfo=UTC).timestamp()
    return any(
        since <= moment <= until and pattern.search(line)
        for since, until, pattern in excuses
    )


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
