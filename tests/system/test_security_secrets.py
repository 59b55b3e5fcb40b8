"""Secrets are where they belong, and in no log, row, message or command line."""

import base64
from pathlib import Path

import pytest
import requests
from conftest import press
from strangers import MASTER, Tenant, role_of


@pytest.fixture(scope="module")
def secrets(platform, shared_instance):
    """All that must not be read anywhere: name and value."""
    run_dir, tenant = platform.run_dir, Tenant(platform, shared_instance)
    found = {
        "the tenant's database password": tenant.role.password,
        "the tenant's proxy secret": tenant.secret,
        "the administrator's password": read(run_dir / "etc/admin-password"),
        "the database manager's password": read(run_dir / "etc/manager-password"),
        "the runner's password": read(run_dir / "etc/runner-password"),
        "saasctl's key": read(run_dir / "etc/saasctl.key"),
        "the sealing key": read(run_dir / "keys/seal/seal.key"),
        "the signing key": read(run_dir / "keys/sign.key"),
    }
    for name in ("postgres", "saas_owner", "saas_web", "saas_admin"):
        found[f"the password of {name}"] = role_of(platform, name).password
    assert all(len(value) > 15 for value in found.values())
    return found


def read(path):
    return path.read_text().strip()


def told(secrets, text):
    """Return the names of the secrets that a text tells, in clear or in base64."""
    names = []
    for name, value in secrets.items():
        coded = base64.b64encode(value.encode()).decode().rstrip("=")[:-1]
        if value in text or coded in text:
            names.append(name)
    return names


@pytest.fixture(scope="module")
def used(platform, shared_instance):
    """An instance with a past: its secrets had their chances."""
    for verb in ("restart", "suspend", "resume"):
        agreed = ["--yes"] if verb == "suspend" else []
        platform.saasctl("instance", verb, shared_instance["uuid"], *agreed, "--wait")
    platform.saasctl("instance", "logs", shared_instance["uuid"])
    return shared_instance


def test_no_log_tells_a_secret(platform, used, secrets):
    logs = [path for path in (platform.run_dir / "log").rglob("*") if path.is_file()]
    assert {"web.log", "jobs.log", "postgresql.log", "access.log"} <= {
        path.name for path in logs
    }
    for path in logs:
        assert told(secrets, path.read_text(errors="replace")) == [], path


def test_no_log_tells_the_code_of_a_link(platform, shared_instance, visitor):
    name = shared_instance["subdomain"]
    link = platform.saasctl("instance", "open", name, "--reason", "test")["url"]
    code = link.partition("#")[2]
    assert len(code) > 40
    assert press(visitor, link).status_code == 200
    log = platform.run_dir / "log"
    for told in ("web.log", "nginx/access.log"):
        assert "GET /saas/open HTTP/1.1" in (log / told).read_text(), told
    for path in filter(Path.is_file, log.rglob("*")):
        assert code not in path.read_text(errors="replace"), path


def test_no_log_of_requests_tells_a_token(platform):
    token = "0123456789-token"
    master = f"http://127.0.0.1:{int(platform.setting('PORT_BASE')) + 69}"
    path = f"/web/login?token={token}"
    assert requests.get(master + path, timeout=30).status_code == 200
    for name, line in (
        ("nginx/access.log", '"GET /web/login HTTP/1.1" 200'),
        ("web.log", '"GET /web/login?... HTTP/1.1" 200'),
    ):
        log = (platform.run_dir / "log" / name).read_text()
        assert line in log
        assert token not in log


def test_no_row_of_the_master_tells_a_secret(platform, used, secrets):
    owner = role_of(platform, "saas_owner")
    tables = [
        name
        for (name,) in owner.sql(
            MASTER, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
    ]
    assert {"queue_job", "mail_message", "saas_operation", "saas_inquiry"} < {*tables}
    for table in tables:
        rows = owner.sql(MASTER, f'SELECT t::text FROM "{table}" AS t')
        assert told(secrets, "\n".join(row for (row,) in rows)) == [], table


def test_jobs_have_no_arguments_at_all(platform, used):
    rows = role_of(platform, "saas_owner").sql(
        MASTER, "SELECT DISTINCT args #>> '{}', kwargs #>> '{}' FROM queue_job"
    )
    assert rows == [("[]", "{}")]


def test_no_command_line_and_no_environment_tells_a_secret(used, secrets):
    for folder in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                text = (folder / name).read_text(errors="replace")
            except OSError:
                continue
            assert told(secrets, text) == [], (folder, name)


def test_the_server_keeps_verifiers_and_no_password(platform, secrets):
    rows = role_of(platform, "postgres").sql(
        "postgres", "SELECT rolname, rolpassword FROM pg_authid WHERE rolcanlogin"
    )
    assert len(rows) > 4
    assert all(word.startswith("SCRAM-SHA-256$") for _, word in rows)


def test_what_the_command_line_tells_has_no_secret(platform, used, secrets):
    for words in (
        ("instance", "show", used["uuid"]),
        ("instance", "logs", used["uuid"]),
        ("operation", "list"),
        ("server", "list"),
        ("template", "list"),
    ):
        assert told(secrets, str(platform.saasctl(*words))) == []
