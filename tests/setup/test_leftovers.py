import os
import subprocess
import sys
from pathlib import Path

from scripts.setup import processes
from scripts.setup.choices import load
from scripts.testing import leftovers
from scripts.testing.results import Results

# A runner of its own: what adopts orphans does so for the rest of its life.
RUNNER = """
import os, subprocess, sys, time
from scripts.setup.choices import load
from scripts.setup import processes
from scripts.testing import leftovers
from scripts.testing.results import Results

adopter = leftovers.adopt()
orphan = ["setsid", "-f", "sleep", sys.argv[2]]
subprocess.run(orphan, check=True)
if sys.argv[2] == "0":
    while processes.descendants({adopter}) != {os.getpid()}:
        time.sleep(0.02)
results = Results()
leftovers.end(load({"RUN_DIR": sys.argv[1]}), results, adopter)
leftovers.end(load({"RUN_DIR": sys.argv[1]}), results, adopter)
print(results.complaints)
sys.exit(3)
"""


def run(folder, seconds):
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-c", RUNNER, folder, seconds],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
    )


def test_what_tests_left_running_fails_them_and_is_ended(tmp_path):
    done = run(tmp_path, "60")

    assert done.stdout.startswith("['left running by tests: sleep 60'")
    assert done.stdout.count("sleep") == 1
    assert done.returncode == 3


def test_what_ended_without_its_parent_does_not_stay_a_zombie(tmp_path):
    assert run(tmp_path, "0").stdout == "[]\n"


def test_tests_that_leave_nothing_are_well(tmp_path):
    results = Results()

    leftovers.end(load({"RUN_DIR": str(tmp_path)}), results, os.getpid())

    assert results.complaints == []
    assert processes.is_alive(os.getpid())
