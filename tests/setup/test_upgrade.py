"""An upgrade of the master that fails is taken back: on a PostgreSQL of its own."""

import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from scripts.setup import master, postgresql, upgrade_dump
from scripts.setup.choices import load
from scripts.setup.runner import Failure, wait_for

TRACEBACK = """\
2026-01-02 10:00:00,000 11 CRITICAL master odoo.service.server: Failed to initialize
Traceback (most recent call last):
ValueError: no such field
2026-01-02 10:00:01,000 11 INFO master odoo.service.server: Initiating shutdown
"""


@pytest.fixture(scope="module")
def settings():
    """A platform with nothing but PostgreSQL, its roles and the master's database."""
    run = Path(tempfile.mkdtemp(prefix="saasodoo-setup-", dir="/var/tmp"))
    run.chmod(0o755)
    settings = load({"RUN_DIR": str(run), "PORT_BASE": "25000"})
    for folder in ("etc", "log", "postgresql/data", "postgresql/socket"):
        (run / folder).mkdir(parents=True)
        if folder.startswith("postgresql/"):
            shutil.chown(run / folder, "postgres", "postgres")
    (run / "etc").chmod(0o711)
    postgresql.prepare(settings)
    server = subprocess.Popen(
        [postgresql.PG_BIN / "postgres", "-D", run / "postgresql/data"]
        + ["-c", f"config_file={settings.etc}/postgresql.conf"],
        user="postgres",
        cwd="/",
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: postgresql.is_ready(settings), 30, "PostgreSQL")
        postgresql.make_roles(settings)
        yield settings
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(run)


@pytest.fixture
def database(settings):
    """What is asked of the master's database, which holds one row."""

    def ask(sql):
        return postgresql.run_sql(settings, "saas_owner", "master", sql)

    upgrade_dump.forget(settings)
    shutil.rmtree(settings.run / "backup", ignore_errors=True)
    ask("DROP TABLE IF EXISTS fresh, kept")
    ask("CREATE TABLE kept (id int PRIMARY KEY); INSERT INTO kept VALUES (7)")
    ask("GRANT SELECT ON kept TO saas_web")
    return ask


@pytest.fixture
def upgrade(settings, database, monkeypatch):
    """An upgrade, and what Odoo makes of it."""
    (settings.log / "install.log").write_text("earlier ERROR\n")
    monkeypatch.setattr(type(settings), "modules", ["saas_master"])
    monkeypatch.setattr(master, "installed_modules", lambda *_: {"saas_master"})
    monkeypatch.setattr(master.release, "code_hash", lambda _: "new")
    monkeypatch.setattr(master.postgresql, "grant_to_web", lambda _: None)

    def run(run_odoo):
        (settings.etc / "installed").write_text("old")
        monkeypatch.setattr(master, "run_odoo", run_odoo)
        return master.install_or_upgrade(settings)

    return run


def dumps(settings):
    return sorted((settings.run / "backup").iterdir())


def test_an_upgrade_that_fails_is_taken_back_by_the_command_that_it_names(
    settings, database, upgrade
):
    def fail(*_, log, **__):
        database("DELETE FROM kept; CREATE TABLE fresh (id int REFERENCES kept)")
        with open(settings.log / log, "a") as file:
            file.write(TRACEBACK)
        raise Failure("odoo failed: it said nothing")

    with pytest.raises(Failure, match="last.*no such field") as failed:
        upgrade(fail)

    assert "earlier" not in failed.value.message
    [command] = re.findall(r"PGPASSFILE=.*?\.dump", failed.value.cure)
    subprocess.run(["sh", "-ec", command], check=True)
    assert database("SELECT id FROM kept") == "7"
    assert database("SELECT to_regclass('fresh')") == ""
    postgresql.run_sql(settings, "saas_web", "master", "SELECT id FROM kept")


def test_the_dump_is_for_root_alone(settings, upgrade):
    assert upgrade(lambda *_, **__: "") == "upgraded saas_master"

    [dump] = dumps(settings)
    assert stat.S_IMODE(dump.stat().st_mode) == 0o600
    assert stat.S_IMODE(dump.parent.stat().st_mode) == 0o700


def test_tries_of_one_upgrade_do_not_push_the_good_dump_out(
    settings, database, upgrade, monkeypatch
):
    name_by_count(monkeypatch)

    def fail(*_, **__):
        database("DELETE FROM kept")
        raise Failure("odoo failed")

    for _ in range(5):
        with pytest.raises(Failure, match="the master's upgrade failed"):
            upgrade(fail)

    assert [dump.name for dump in dumps(settings)] == ["master-1.dump"]


def test_the_last_three_dumps_are_kept(settings, upgrade, monkeypatch):
    name_by_count(monkeypatch)

    for _ in range(5):
        upgrade(lambda *_, **__: "")

    names = [dump.name for dump in dumps(settings)]
    assert names == ["master-3.dump", "master-4.dump", "master-5.dump"]


def name_by_count(monkeypatch):
    counts = iter("12345")
    monkeypatch.setattr(upgrade_dump.time, "strftime", lambda _: next(counts))


def test_what_is_new_is_installed_without_a_dump(settings, upgrade, monkeypatch):
    found = iter([set(), {"saas_master"}])
    monkeypatch.setattr(master, "installed_modules", lambda *_: next(found))

    assert upgrade(lambda *_, **__: "") == "installed saas_master"
    assert not (settings.run / "backup").exists()


def test_after_a_way_back_the_next_upgrade_has_a_dump_of_its_own(settings, upgrade):
    files = settings.etc / "upgrading"
    files.write_text("/nowhere")
    (settings.etc / "installed").write_text("new")

    assert master.install_or_upgrade(settings) == "unchanged"
    assert not files.exists()
