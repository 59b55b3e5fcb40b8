import os
import subprocess
import sys
from pathlib import Path

from scripts.setup import processes
from scripts.setup.settings import load
from scripts.testing import leftovers
from scripts.testing.results import Results

# A runner of its own: what adopts orphans does so for the rest of its life.
RUNNER = """
import subprocess, sys
from scripts.setup.settings import load
from scripts.testing import leftovers
from scripts.testing.results import Results

leftovers.adopt()
orphan = ["setsid", "-f", "sleep", "60"]
subprocess.run(orphan, check=True)
results = Results()
leftovers.end(load({"RUN_DIR": sys.argv[1]}), results)
leftovers.end(load({"RUN_DIR": sys.argv[1]}), results)
print(results.complaints)
"""


def test_what_tests_left_running_fails_them_and_is_ended(tmp_path):
    root = Path(__file__).parents[2]
    output = subprocess.run(
        [sys.executable, "-c", RUNNER, tmp_path],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
    ).stdout

    assert output.startswith("['left running by tests: sleep 60'")
    assert output.count("sleep") == 1


def test_tests_that_leave_nothing_are_well(tmp_path):
    results = Results()

    leftovers.end(load({"RUN_DIR": str(tmp_path)}), results)

    assert results.complaints == []
    assert processes.is_alive(os.getpid())
