"""A copy of the master, neutralized, reaches nothing outside."""

import re
import shutil
import tempfile
from pathlib import Path

import pytest
from strangers import Role, role_of, run

COPY = "saasodoo_neutral"
PG_BIN = "/usr/lib/postgresql/15/bin"


@pytest.fixture(scope="module")
def copy(platform, shared_instance):
    """A neutralized copy of the master's database, with work under way.

    :return: its owner, ready to ask it
    """
    owner, root = role_of(platform, "saas_owner"), role_of(platform, "postgres")
    root.sql("postgres", f"DROP DATABASE IF EXISTS {COPY} WITH (FORCE)")
    root.sql("postgres", f"CREATE DATABASE {COPY} OWNER saas_owner TEMPLATE template0")
    port = int(platform.setting("PORT_BASE")) + 32
    target = f"host=127.0.0.1 port={port} user=saas_owner"
    environment = ("env", f"PGPASSFILE={platform.run_dir}/etc/pgpass")
    script = (
        f'{PG_BIN}/pg_dump -d "{target} dbname=master" --no-owner -Fc | '
        f'{PG_BIN}/pg_restore --no-owner --no-privileges -d "{target} dbname={COPY}"'
    )
    try:
        done = run(*environment, "sh", "-c", script)
        assert "error" not in done.stderr.lower() or "extension" in done.stderr
        owner.sql(COPY, WORK, [shared_instance["uuid"]])
        folder = Path(tempfile.mkdtemp(prefix="saasodoo-neutral-"))
        try:
            neutralize(platform, folder)
        finally:
            shutil.rmtree(folder)
        yield Role(platform, "saas_owner", owner.password)
    finally:
        root.sql("postgres", f"DROP DATABASE IF EXISTS {COPY} WITH (FORCE)")


WORK = """
INSERT INTO queue_job (uuid, name, model_name, method_name, records, args, kwargs,
                       state, channel, user_id, date_created)
SELECT gen_random_uuid()::text, 'left', model_name, method_name, records, args, kwargs,
       left_as, channel, user_id, now()
  FROM (SELECT * FROM queue_job LIMIT 1) AS one,
       unnest(ARRAY['pending', 'enqueued', 'started', 'wait_dependencies']) AS left_as;
INSERT INTO saas_operation (kind, state, instance_id, exclusive, runner)
SELECT 'restart', 'running', id, true, 'somebody' FROM saas_instance WHERE uuid = %s;
INSERT INTO ir_mail_server (name, smtp_host, smtp_encryption, smtp_authentication,
                            active)
VALUES ('outside', 'mail.example.com', 'none', 'login', true);
"""


def neutralize(platform, folder):
    """Run Odoo's own command on the copy, as `jobs` would."""
    text = (platform.run_dir / "etc/jobs.conf").read_text()
    text = re.sub(r"(?m)^(db_name = ).*", rf"\g<1>{COPY}", text)
    text = re.sub(r"(?m)^logfile = .*\n", "", text)
    text = text.partition("[saasodoo]")[0]
    conf = folder / "odoo.conf"
    conf.write_text(text)
    conf.chmod(0o444)
    folder.chmod(0o755)
    odoo = platform.run_dir / "code/venv/bin/odoo"
    done = run(odoo, "neutralize", "-c", conf, "-d", COPY, user="saas-jobs")
    assert done.returncode == 0, done.stderr[-2000:]


def test_it_holds_no_secret_and_no_address(copy):
    for table, columns in (
        ("saas_database_server", ("admin_password_sealed",)),
        (
            "saas_instance",
            ("password_sealed", "proxy_secret_sealed", "mail_password_sealed"),
        ),
        ("saas_template", ("password_sealed",)),
        ("saas_cluster", ("remote_key_sealed",)),
    ):
        for column in columns:
            left = f"SELECT count(*) FROM {table} WHERE {column} IS NOT NULL"
            assert copy.sql(COPY, left) == [(0,)], (table, column)
    for table, column in (
        ("saas_database_server", "host"),
        ("saas_mail_relay", "host"),
        ("saas_proxy", "address"),
    ):
        values = copy.sql(COPY, f"SELECT {column} FROM {table}")
        assert values
        assert all(value.endswith(".invalid") for (value,) in values)
    roots = copy.sql(COPY, "SELECT root FROM saas_storage")
    assert roots
    assert all(root.startswith("/neutralized/") for (root,) in roots)


def test_nothing_in_it_is_open_or_under_way(copy):
    for table in (
        "saas_database_server",
        "saas_cluster",
        "saas_storage",
        "saas_proxy",
        "saas_mail_relay",
    ):
        assert copy.sql(COPY, f"SELECT DISTINCT state FROM {table}") == [("closed",)]
    running = "('pending', 'enqueued', 'started', 'wait_dependencies')"
    for table, states in (
        ("queue_job", running),
        ("saas_operation", "('queued', 'running')"),
        ("saas_inquiry", "('waiting')"),
    ):
        left = f"SELECT count(*) FROM {table} WHERE state IN {states}"
        assert copy.sql(COPY, left) == [(0,)], table
    assert copy.sql(COPY, "SELECT count(*) FROM saas_login_ticket") == [(0,)]


def test_it_is_frozen_and_sends_no_mail(copy):
    [(frozen,)] = copy.sql(
        COPY, "SELECT value FROM ir_config_parameter WHERE key = 'saas_master.frozen'"
    )
    assert "neutralized" in frozen
    hosts = copy.sql(COPY, "SELECT smtp_host FROM ir_mail_server WHERE active")
    assert all(host in ("invalid", "localhost") for (host,) in hosts)
    crons = copy.sql(
        COPY,
        """SELECT cron_name FROM ir_cron c JOIN ir_act_server a
              ON a.id = c.ir_actions_server_id
            WHERE c.active AND a.usage = 'ir_cron'
              AND EXISTS (SELECT FROM ir_model_data d WHERE d.model = 'ir.cron'
                          AND d.res_id = c.id AND d.module LIKE 'saas%')""",
    )
    assert crons == []
