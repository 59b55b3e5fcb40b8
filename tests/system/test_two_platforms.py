"""Two whole platforms on one machine, each with ports and user ids of its own."""

import os
import subprocess
from pathlib import Path

import pytest
from people import CHECKOUT, Platform, wait_until
from strangers import run

from scripts.setup import processes, tenants

pytestmark = pytest.mark.slow

PORTS, USERS = 3000, 10000  # what one platform takes
FREE_USERS = 1900000000


class Neighbour(Platform):
    """A platform below the ports and above the user ids of another."""

    def __init__(self, platform):
        super().__init__(f"{platform.run_dir}-beside")
        self.ports = int(platform.setting("PORT_BASE")) - PORTS
        self.users = int(platform.setting("TENANT_UID_BASE")) + USERS
        self.cache = platform.setting("CACHE_DIR")

    def make(self, command, **variables):
        """Do what the Makefile does.

        :param variables: in the place of this platform's own
        """
        own = {
            "RUN_DIR": self.run_dir,
            "PORT_BASE": self.ports,
            "TENANT_UID_BASE": self.users,
            "CACHE_DIR": self.cache,
            "YES": "1",
        }
        return subprocess.run(
            [CHECKOUT / "scripts/up", command],
            capture_output=True,
            text=True,
            env=os.environ | {name: str(v) for name, v in (own | variables).items()},
            cwd="/",
            check=False,
        )

    def reset(self):
        """Remove the platform, where it is there."""
        if (self.run_dir / "platform.env").exists():
            done = self.make("reset")
            assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def beside(platform):
    """A second platform with its first instance, `demo`."""
    neighbour = Neighbour(platform)
    neighbour.reset()  # What a run left that was killed.
    try:
        done = neighbour.make("up")
        assert done.returncode == 0, done.stdout + done.stderr
        yield neighbour
    finally:
        neighbour.reset()


def serves(visitor, url):
    """Tell whether an instance lets people in."""
    return visitor.get(f"{url}/web/login").status_code == 200


def names_of(platform):
    """Return the names of a platform's instances, and what it takes for nobody's."""
    report = platform.saasctl("reconcile", "--dry-run")["answer"]
    listed = platform.saasctl("instance", "list")["records"]
    return {one["subdomain"] for one in listed}, report["orphans"]


def test_each_serves_its_own(beside, shared_instance, visitor):
    other = beside.saasctl("instance", "show", "demo")

    assert serves(visitor, shared_instance["url"])
    assert serves(visitor, other["url"])
    assert shared_instance["uuid"] != other["uuid"]


def test_neither_sees_the_others_instances(platform, beside, shared_instance):
    ours, orphans = names_of(platform)
    theirs, their_orphans = names_of(beside)

    assert shared_instance["subdomain"] in ours
    assert theirs == {"demo"}
    assert (orphans, their_orphans) == ([], [])
    for one, name in ((platform, "demo"), (beside, shared_instance["subdomain"])):
        assert one.run_saasctl("instance", "show", name)[0] == 3


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ("TENANT_UID_BASE", "the platform in {run} has the user ids {users}-"),
        ("PORT_BASE", "port {port} is in use by "),
    ],
)
def test_a_third_that_would_overlap_is_refused_in_one_line(
    platform, beside, variable, told
):
    run = Path(f"{platform.run_dir}-third")
    free = {"PORT_BASE": beside.ports - PORTS, "TENANT_UID_BASE": FREE_USERS}
    taken = {variable: platform.setting(variable)}

    done = beside.make("up", RUN_DIR=run, **(free | taken))

    port = platform.settings.ports["mail"]  # the first of those in use
    words = {"run": platform.run_dir, "users": taken.get(variable), "port": port}
    assert done.returncode == 1
    [line] = done.stderr.strip().splitlines()
    assert line.startswith(f"error: {told.format(**words)}")
    assert f"make up {variable}=" in line
    assert not run.exists()


def test_one_goes_down_with_its_tenants_and_starts_as_after_a_reboot(
    beside, shared_instance, visitor
):
    address = beside.saasctl("instance", "show", "demo")["url"]
    users = range(beside.users, beside.users + USERS)

    done = beside.make("down")

    assert done.returncode == 0, done.stdout + done.stderr
    with pytest.raises(OSError, match="refused"):
        visitor.get(address)
    assert not processes.servers(beside.run_dir)
    assert not {processes.user_of(pid) for pid in every_process()} & {*users}
    assert serves(visitor, shared_instance["url"])

    tenants.forget_ports(beside.settings)  # as the kernel does
    done = beside.make("start")  # what the unit of systemd calls

    assert done.returncode == 0, done.stdout + done.stderr
    assert tenants.are_held_to_ports(beside.settings)
    wait_until(lambda: serves(visitor, address))
    assert beside.saasctl("instance", "show", "demo")["status"] == "running"


def every_process():
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]


def test_the_removal_of_one_leaves_the_other_serving(
    platform, beside, shared_instance, visitor
):
    settings = (Path("/etc/sudoers.d"), Path("/etc/logrotate.d"))
    uuid = beside.setting("PLATFORM_UUID")
    mark = f"saasodoo-{uuid[:8]}"
    address = beside.saasctl("instance", "show", "demo")["url"]

    beside.reset()

    assert not beside.run_dir.exists()
    assert uuid not in run("nft", "list", "tables").stdout
    assert not any((folder / mark).exists() for folder in settings)
    assert serves(visitor, shared_instance["url"])
    created = platform.create()
    assert created["status"] == "running"
    platform.remove(created["subdomain"])
    with pytest.raises(OSError, match="refused"):
        visitor.get(address)
