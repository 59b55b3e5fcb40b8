"""The figures: measured beside wanted, and nothing that a run's end depends on."""

import os
import subprocess
import sys
import time

import pytest

from scripts.setup.settings import CHECKOUT

sys.path.insert(0, str(CHECKOUT / "tests/bench"))

from density import read_all  # noqa: E402
from measure import since  # noqa: E402
from table import render, write_readme  # noqa: E402
from targets import (  # noqa: E402
    AT_MOST,
    CHANGE,
    PLAIN,
    PROVISION,
    RATIO,
    set_beside,
)


def summary(p50, p95=None, **more):
    return {"p50": p50, "p95": p95 or p50, "runs": 20, **more}


@pytest.fixture
def measured():
    """What a run measures, all of it as wanted."""
    figures = {name: summary(0.05, failed=0) for name in AT_MOST["process"]}
    figures[PROVISION] = summary(1.25, 2.0)
    return {
        "measured": "today",
        "machine": "2 cores",
        **figures,
        PLAIN: summary(25.0),
        "steps": {"Copy the files": 0.1},
        "idle tenants": {"tenants": 30},
    }


def row(figures, name):
    """Return a line of the table as its cells."""
    [line] = [
        line for line in render(figures).splitlines() if line.startswith(f"| {name} ")
    ]
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_targets_stand_beside_what_was_measured(measured):
    figures = set_beside(measured, "process")
    assert figures[PROVISION]["at most"] == {"p50": 1.5, "p95": 2.5}
    wanted = "p50 ≤ 1.5 s, p95 ≤ 2.5 s"
    assert row(figures, PROVISION) == ["1.25 s", "2.0 s", "20", wanted]
    assert "missed" not in render(figures)


def test_the_plain_way_is_compared_in_the_same_run(measured):
    figures = set_beside(measured, "process")
    assert figures[RATIO]["times"] == 20.0 and figures[RATIO]["at least"]
    assert row(figures, RATIO) == ["20.0 times", "", "20", "times ≥ 12"]


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        (PROVISION, summary(1.6, 2.0)),
        (PROVISION, summary(1.2, 2.6)),
        ("10 at once", summary(9.0, failed=1)),
        ("click to first step", summary(0.01, 0.2)),
    ],
)
def test_a_target_that_was_missed_is_named(measured, name, figure):
    figures = set_beside({**measured, name: figure}, "process")
    assert row(figures, name)[-1].endswith(": missed")


def test_a_quick_run_has_targets_for_what_it_measured_alone(measured):
    del measured["10 at once"]
    figures = set_beside({**measured, "3 at once": summary(2.0)}, "process")
    assert row(figures, "3 at once")[-1] == "" and "10 at once" not in figures


def test_the_table_takes_its_place_in_the_readme(measured, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- figures: begin -->\n<!-- figures: end -->\nafter\n")
    for _ in range(2):
        write_readme(readme, {"process": set_beside(measured, "process")})
    text = readme.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n")
    assert text.count(f"| {PROVISION} ") == 1


def test_each_runtime_has_a_table_with_its_own_targets(measured, tmp_path):
    changes = summary(7.0, failed=0, requests=3034)
    on_swarm = set_beside({**measured, CHANGE: changes}, "swarm")
    readme = tmp_path / "README.md"
    readme.write_text("<!-- figures: begin -->\n<!-- figures: end -->\n")
    both = {"process": set_beside(measured, "process"), "swarm": on_swarm}
    write_readme(readme, both)
    assert readme.read_text().count("### Tenants ") == len(both)
    assert row(both["process"], PROVISION)[-1] == "p50 ≤ 1.5 s, p95 ≤ 2.5 s"
    assert row(on_swarm, PROVISION)[-1] == "p50 ≤ 2 s, p95 ≤ 3 s"
    assert row(on_swarm, CHANGE)[-1] == "failed ≤ 0, requests ≥ 1000"
    assert "while clients work (failed 0, requests 3034)" in render(on_swarm)
    few = set_beside({**measured, CHANGE: {**changes, "requests": 900}}, "swarm")
    assert row(few, CHANGE)[-1].endswith(": missed")


def test_a_process_that_ends_meanwhile_is_left_out():
    ended = subprocess.Popen(["true"])
    ended.wait()
    pids = [ended.pid, os.getpid()]
    found = read_all(lambda pid: os.stat(f"/proc/{pid}").st_uid, pids)
    assert found == {os.getpid(): os.getuid()}


def test_a_click_and_a_step_are_read_on_one_clock(monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        assert since(1_700_000_000.0, "2023-11-14T22:13:20.250000") == 0.25
    time.tzset()
