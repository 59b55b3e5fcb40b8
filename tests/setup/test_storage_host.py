"""A machine with storages alone: what `make storage-host` leaves there."""

import json
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from scripts.setup import storage_host, storages
from scripts.setup.choices import load
from scripts.setup.runner import Failure
from scripts.setup.settings import CHECKOUT

PLATFORM = "11111111-1111-4111-8111-111111111111"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 master"


@pytest.fixture
def ground():
    with TemporaryDirectory(prefix="saasodoo-storages-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o711)
        for name in ("disk1", "disk2"):
            Path(folder, name).mkdir()
        yield Path(folder)


def install(ground, disk="disk1"):
    run = ground / "helper"
    return storage_host.install(run, str(ground / disk), PLATFORM, "300000-300099", KEY)


def ask(ground, verb, **arguments):
    request = {"verb": verb, "arguments": arguments, "seconds": 9}
    done = subprocess.run(
        [ground / "helper/code/bin/root-helper"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_the_line_lets_a_key_run_the_helper_and_nothing_else(ground):
    program = f"{ground}/helper/code/bin/root-helper"
    assert install(ground) == f'restrict,command="{program}" {KEY}'


def test_the_helper_marks_the_storages_that_it_was_told_of_one_by_one(ground):
    uuid = "22222222-2222-4222-8222-222222222222"
    for disk in ("disk1", "disk2", "disk1"):
        install(ground, disk)
        root = str(ground / disk)
        assert ask(ground, "storage_sentinel", root=root, uuid=uuid) == {"ok": True}
        seen = ask(ground, "storage_look", root=root)
        assert seen["sentinel"] == f"saasodoo-storage:{PLATFORM}:{uuid}"
        assert (seen["on_cephfs"], seen["read_only"]) == (False, False)
    assert "no storage" in ask(ground, "storage_look", root="/var/tmp")["message"]


def test_a_storage_that_configurations_cannot_name_is_refused(ground):
    (ground / "a b;$x%").mkdir()

    with pytest.raises(Failure, match="configuration files quote"):
        install(ground, "a b;$x%")
    with pytest.raises(Failure, match="RUN_DIR=.* configuration files quote"):
        install(ground / 'a"b', "disk1")


def test_a_platform_of_its_own_is_left_alone(ground):
    (ground / "helper").mkdir()
    (ground / "helper/platform.env").touch()
    with pytest.raises(Failure, match="is a platform of its own"):
        install(ground)


def test_what_is_not_on_cephfs_is_not_added_as_if_it_were(ground):
    (ground / "run/etc").mkdir(parents=True)
    settings = load({"RUN_DIR": str(ground / "run")})
    for kind, refusal in (("cephfs", "is not on CephFS"), ("ext4", "KIND=ext4")):
        with pytest.raises(Failure, match=refusal):
            storages.add(settings, str(ground / "disk1"), kind)
    assert storages.add(settings, str(ground / "disk1")) == "added"


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("add-storage",), "takes 1 arguments. Cure: make add-storage ROOT="),
        (("add-storage", "/a", "cephfs", "more"), "takes 1 arguments"),
        (("storage-host", "/a"), "Cure: make storage-host ROOT=/mnt/tenants PLATFORM="),
        (("change-place", "fra2", "port=25"), "Cure: PLACE=cluster/NAME or"),
        (("change-place", "relay/local", "port"), "port is no change. Cure: CHANGE="),
        (("change-place", "server/a", "ca=@/none"), "/none cannot be read"),
    ],
)
def test_a_command_that_is_told_too_little_says_what_it_needs(ground, words, refusal):
    (ground / "run").mkdir()
    (ground / "run/platform.env").touch()
    done = subprocess.run(
        [CHECKOUT / "scripts/up", *words],
        env={"RUN_DIR": str(ground / "run"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert refusal in done.stderr
