"""What `make test-fast` brings up and leaves out, and what it must not."""

import os
import re
import subprocess
import sys

from scripts.setup import data_plane, nginx, postgresql, supervisors
from scripts.setup.settings import CHECKOUT
from scripts.testing import platform
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


def test_fast_tests_bring_up_no_other_server_than_postgresql(tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_RUN_DIR", str(tmp_path))
    settings = platform.load(database_only=True)
    settings.etc.mkdir()
    monkeypatch.setattr(postgresql, "prepare", lambda _: False)
    monkeypatch.setattr(postgresql, "is_ready", lambda _: True)
    monkeypatch.setattr(nginx, "check", None)
    monkeypatch.setattr(supervisors, "_start", lambda *_: None)

    assert data_plane.bring_up(settings) == "started postgresql"

    text = (settings.etc / "data-plane.conf").read_text()
    assert re.findall(r"^\[program:(\w+)\]", text, re.M) == ["postgresql"]
    assert [path.name for path in settings.etc.iterdir()] == ["data-plane.conf"]
