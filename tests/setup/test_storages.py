"""Directories for tenants' files that are added, survive an `up` and go with all."""

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from scripts.setup import first_steps, folders, storages
from scripts.setup.choices import load
from scripts.setup.doctor import machine
from scripts.setup.postgresql import MAX_CONNECTIONS, RESERVED_CONNECTIONS
from scripts.setup.runner import Failure
from scripts.setup.settings import CHECKOUT

ODD = ("two words", "a;b", "100%", "$HOME")


@pytest.fixture
def ground():
    """A folder that other users may pass through: pytest's own are closed."""
    with TemporaryDirectory(prefix="saasodoo-storages-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture
def settings(ground):
    (ground / "run/etc").mkdir(parents=True)
    return load({"RUN_DIR": str(ground / "run")})


@pytest.fixture
def disk(ground):
    path = ground / "disk2"
    path.mkdir()
    return path


def helper_roots(settings):
    folders.write_helper_settings(settings)
    return json.loads((settings.etc / "helper.json").read_text())["storage_roots"]


def mark(settings, disk):
    """Write what the root helper writes onto a storage."""
    sentinel = f"saasodoo-storage:{settings.platform}:uuid\n"
    (disk / storages.SENTINEL).write_text(sentinel)
    (disk / storages.FENCE).write_text("fence")
    (disk / storages.INSTANCES / "odoo_data_x").mkdir(parents=True)


def test_what_was_added_is_in_what_every_up_tells_the_helper(settings, disk):
    own = str(settings.run / "storage")
    assert helper_roots(settings) == [own]

    assert storages.add(settings, str(disk)) == "added"
    assert storages.add(settings, str(disk)) == "unchanged"

    assert helper_roots(settings) == [own, str(disk)]
    assert disk.stat().st_mode & 0o777 == 0o711


def test_a_storage_that_was_used_before_is_taken_again(settings, disk):
    mark(settings, disk)
    (disk / "lost+found").mkdir()

    assert storages.add(settings, str(disk)) == "added"


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("../disk2", "no whole path"),
        ("link", "no whole path"),
        ("none", "no directory"),
        ("run/storage/below", "lie in each other"),
        ("run", "lie in each other"),
        ("full", "not empty: it has mail"),
        ("closed/disk", "other users cannot enter"),
        *((name, "configuration files quote") for name in ODD),
    ],
)
def test_what_cannot_be_a_storage_is_refused(settings, disk, ground, name, refusal):
    (ground / "link").symlink_to(disk)
    for folder in ("run/storage/below", "full/mail", "closed/disk", *ODD):
        (ground / folder).mkdir(parents=True)
    (ground / "closed").chmod(0o700)

    with pytest.raises(Failure, match=refusal):
        storages.add(settings, f"{ground}/{name}")
    assert len(storages.roots(settings)) == 1


def test_the_doctor_looks_at_every_storage(settings, disk):
    storages.add(settings, str(disk))
    mark(settings, disk)

    own, added = machine.check_storages(settings)

    assert (added.name, added.trouble) == (f"storage {disk}", "")
    assert "is it mounted" in own.trouble


def test_a_reset_takes_ours_from_an_added_storage_and_nothing_else(settings, disk):
    storages.add(settings, str(disk))
    (disk / "lost+found").mkdir()
    (disk / storages.SENTINEL).write_text("saasodoo-storage:another:uuid\n")
    storages.clear(settings)
    assert (disk / storages.SENTINEL).exists()

    mark(settings, disk)
    storages.clear(settings)
    storages.clear(settings)
    assert [path.name for path in disk.iterdir()] == ["lost+found"]


def test_tenants_are_not_given_all_of_the_servers_connections(settings):
    conf = Path(CHECKOUT / "config/postgresql/postgresql.conf").read_text()
    [found] = re.findall(r"^max_connections = (\d+)$", conf, re.M)
    assert int(found) == MAX_CONNECTIONS

    told = first_steps.embedded_facts(settings)["database_max_connections"]
    assert told == MAX_CONNECTIONS - RESERVED_CONNECTIONS > 0
