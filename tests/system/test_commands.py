"""The commands behind the Makefile, on a platform that is up and has a tenant."""

import os
import subprocess

import pytest
from outages import Outages
from people import CHECKOUT, wait_until

from scripts.setup import supervisors  # found by way of outages

# What a second `up` looks at and finds as it should be.
PARTS = (
    "data plane",
    "master's database",
    "this machine's records",
    "control plane",
    "saasctl's key",
    "template",
)


@pytest.fixture
def make(platform):
    """Return a function that does what the Makefile does, and returns what it said."""
    # No first instance: the tenants of tests are their own.
    environment = {**os.environ, "RUN_DIR": str(platform.run_dir), "DEMO": "0"}

    def make(*words, code=0):
        program = [CHECKOUT / "scripts/up", *words]
        result = subprocess.run(
            program,
            capture_output=True,
            text=True,
            env=environment,
            cwd="/",
            check=False,
        )
        assert result.returncode == code, result.stdout + result.stderr
        return result.stderr if code else result.stdout

    return make


@pytest.fixture
def pids(platform):
    """Return a function that finds both supervisors, and each program of theirs."""
    settings = Outages(platform).settings

    def find():
        found = {}
        for plane in supervisors.PROGRAMS:
            found[plane] = supervisors.pid_of(settings, plane)
            states = supervisors.states(settings, plane)
            found |= {name: info["pid"] for name, info in states.items()}
        return found

    return find


def test_up_again_changes_nothing_and_restarts_nobody(make, pids, shared_instance):
    before = pids()
    assert {"web", "jobs", "nginx", "postgresql"} < set(before)

    said = make("up")

    for part in PARTS:
        [line] = [line for line in said.splitlines() if line.startswith(f"{part}  ")][
            :1
        ]
        assert line.endswith("unchanged"), line
    assert pids() == before


def test_a_place_is_reached_elsewhere_from_then_on_and_back(platform, make):
    port = platform.settings.ports["mail"]
    for before, after in ((port, port + 1), (port + 1, port)):
        said = make("change-place", "relay/local", f"port={after}")
        assert said == f"Mail Relay local: Port {before} → {after}\n"


@pytest.mark.parametrize(
    ("place", "change", "words"),
    [
        ("relay/local", "name=x", "this changes host, port, tls"),
        ("relay/local", "port=abc", "abc is no number"),
        ("relay/nobody", "port=1", "is named nobody"),
    ],
)
def test_what_cannot_be_changed_of_a_place_is_told_in_one_line(
    make, place, change, words
):
    [line] = make("change-place", place, change, code=1).split("\n")[1:-1]
    assert line.startswith("error: ") and words in line


def test_tenants_serve_while_the_master_is_down_and_up_brings_it_back(
    platform, make, pids, shared_instance, visitor
):
    tenant = f"{shared_instance['url']}/web/login"
    master = f"http://localhost:{int(platform.setting('PORT_BASE')) + 69}/web/login"
    before = pids()

    make("down-master")
    try:
        assert visitor.get(tenant).status_code == 200
        assert visitor.get(master).status_code == 503
    finally:
        said = make("up")

    assert "started jobs, web" in said
    assert visitor.get(master).status_code == 200
    wait_until(lambda: platform.run_saasctl("plan", "list")[0] == 0)
    after = pids()
    served = {name for name in before if name not in {"control-plane", "web", "jobs"}}
    assert {name: after[name] for name in served} == {
        name: before[name] for name in served
    }
