"""What `make test-fast` leaves out, and what it must not."""

import os
import subprocess
import sys

from scripts.setup.settings import CHECKOUT
from scripts.testing.suites import SELECTIONS

DRIVERS = CHECKOUT / "tests/drivers"


def test_fast_tests_need_no_other_server_than_postgresql():
    command = [sys.executable, "-m", "pytest", "-p", "no:odoo", "--collect-only", "-q"]
    chosen = subprocess.run(
        [*command, "-p", "no:cacheprovider", *SELECTIONS["fast"], DRIVERS],
        capture_output=True,
        text=True,
        check=True,
        cwd=CHECKOUT,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT / "addons/saas_infra")},
    ).stdout.splitlines()
    found = {line.rpartition("/")[2].partition("::")[0] for line in chosen}
    kinds = {
        (line.rpartition("/")[2].partition("::")[0], line.rpartition("[")[2][:-1])
        for line in chosen
    }

    assert not found & {"test_process.py", "test_nginx.py", "test_traefik.py"}
    assert not kinds & {("test_routes.py", "nginx"), ("test_runtimes.py", "real")}
    assert {("test_routes.py", "fake"), ("test_runtimes.py", "fake")} < kinds
    assert {("test_postgresql.py", "real"), ("test_directory.py", "real")} < kinds
