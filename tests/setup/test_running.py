"""A suite that hangs or is interrupted ends what it started."""

import sys

from scripts.testing import running
from scripts.testing.results import Results
from scripts.testing.suites import LOCK, Suite

HANGING = """
import sys, time
from pathlib import Path
try:
    time.sleep(600)
finally:  # as fixtures of real servers do
    Path(sys.argv[1]).write_text("its servers are ended")
"""


def run_hanging(tmp_path, monkeypatch, *words):
    report, ended = tmp_path / "report.xml", tmp_path / "ended"
    report.touch()
    monkeypatch.setattr(running, "LIMIT_SECONDS", 2)
    command = [*words, sys.executable, "-c", HANGING, ended]
    suite = Suite(name="hanging", command=command, folder=tmp_path, report=report)
    results = Results()
    running.run(suite, results)
    return ended, results


def test_a_suite_that_hangs_ends_its_servers_before_it_is_killed(tmp_path, monkeypatch):
    ended, results = run_hanging(tmp_path, monkeypatch)
    assert ended.read_text() == "its servers are ended"
    assert results.complaints == ["hanging: no test ran (exit code 124)"]


def test_a_suite_under_a_lock_does_so_too(tmp_path, monkeypatch):
    ended, _results = run_hanging(tmp_path, monkeypatch, *LOCK, tmp_path / "lock")
    assert ended.exists()
