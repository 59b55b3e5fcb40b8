"""`web` after a break-in: its user and its role can open nothing and run nothing."""

import json
import os
import re
import uuid
from contextlib import ExitStack
from pathlib import Path
from stat import S_ISVTX

import pytest
from conftest import wait_until
from people import CHECKOUT
from psycopg2 import OperationalError, errors
from strangers import MASTER, processes_of, role_of, run

# Rows that are code, or are evaluated as code, wherever `jobs` meets them.
GRANTS = (CHECKOUT / "config/postgresql/web_grants.sql").read_text()
REVOKED = re.search(r"REVOKE INSERT, UPDATE, DELETE ON(.+?)FROM saas_web", GRANTS, re.S)
CODE = re.findall(r"\w+", re.sub(r"--.*", "", REVOKED[1]))
CODE += re.findall(r"DELETE ON (\w+) FROM saas_web", GRANTS)
# All that it may write.
OWN = ("web/sessions", "log/web.log", "control-plane/locks/web.lock")
SEAL = """
import sys
sys.path.insert(0, sys.argv[1])
from drivers import sealing
from pathlib import Path
keys = Path(sys.argv[2])
print(sealing.Sealer(sealing.read_key(keys / "seal.pub")).seal("known to web"))
try:
    print(list((keys / "seal").glob("*")), sealing.read_key(keys / "seal/seal.key"))
except sealing.PermanentInfraError as error:
    print("closed", error)
"""


def test_the_list_of_code_has_what_was_found_to_be_code():
    assert len(CODE) > 20
    assert {"ir_cron", "ir_model_data", "ir_ui_view", "queue_job_function"} <= {*CODE}


@pytest.mark.parametrize("table", CODE)
def test_web_writes_no_row_that_is_code(web, table):
    for statement in (
        f"UPDATE {table} SET write_uid = 1",
        f"UPDATE {table} SET id = id",
        f"DELETE FROM {table}",
        f"INSERT INTO {table} DEFAULT VALUES",
    ):
        with pytest.raises((errors.InsufficientPrivilege, errors.UndefinedColumn)):
            web.sql(MASTER, statement)


def test_web_reads_what_it_cannot_write(web):
    for table in CODE:
        assert web.sql(MASTER, f"SELECT count(*) FROM {table}")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE public.mine (a int)",
        "CREATE SCHEMA saas_owner",
        "CREATE FUNCTION public.now() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TRIGGER t BEFORE INSERT ON saas_instance "
        "FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE RULE r AS ON INSERT TO saas_instance DO INSTEAD NOTHING",
        "ALTER TABLE saas_event DISABLE TRIGGER ALL",
        "ALTER TABLE saas_instance ADD COLUMN mine int",
        "DROP TABLE saas_event",
        "TRUNCATE saas_event",
        "CREATE EXTENSION dblink",
        "CREATE ROLE mine",
        "SET ROLE saas_owner",
        "GRANT saas_owner TO saas_web",
        "COPY (SELECT 1) TO PROGRAM 'id'",
        "ALTER DATABASE master SET search_path = mine",
        "ALTER ROLE saas_owner SET search_path = mine",
        # Where secrets, data and mail of tenants go
        "UPDATE saas_cluster SET remote_address = 'ssh://root@evil.test'",
        "UPDATE saas_cluster SET relay_id = NULL",
        "UPDATE saas_database_server SET tenant_host = 'evil.test'",
        "UPDATE saas_mail_relay SET host = 'evil.test'",
    ],
)
def test_web_owns_nothing(web, statement):
    with pytest.raises((errors.InsufficientPrivilege, errors.WrongObjectType)):
        web.sql(MASTER, statement)


def test_the_log_of_events_is_only_appended_to(web):
    with web.connect(MASTER) as cursor:
        cursor.execute("BEGIN")
        cursor.execute("INSERT INTO saas_event (kind, message) VALUES ('x', 'y')")
        cursor.execute("ROLLBACK")
        for statement in (
            "UPDATE saas_event SET message = 'z'",
            "DELETE FROM saas_event",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                cursor.execute(statement)


@pytest.mark.usefixtures("shared_instance")
@pytest.mark.parametrize("model", ["instance", "operation"])
def test_no_deletion_beside_it_changes_an_event(platform, model):
    with pytest.raises(errors.ForeignKeyViolation):
        role_of(platform, "saas_owner").sql(
            MASTER,
            f"DELETE FROM saas_{model} WHERE id IN "
            f"(SELECT {model}_id FROM saas_event WHERE {model}_id IS NOT NULL)",
        )


# === WHAT JOBS RUNS === #

RECORDS = {
    "_type": "odoo_recordset",
    "model": "saas.operation",
    "ids": [],
    "uid": 1,
    "su": True,
    "context": {},
}
EVIL = {**RECORDS, "model": "res.users", "ids": [2]}
XML = {
    "_type": "etree_element",
    "value": "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
}


def plant_job(web, **changes):
    """Write a row of the queue as no code of ours would, ready to run.

    :return: its uuid
    """
    values = {
        "uuid": str(uuid.uuid4()),
        "name": "planted",
        "model_name": "saas.operation",
        "method_name": "_job_run",
        "records": json.dumps(RECORDS),
        "args": "[]",
        "kwargs": "{}",
        "state": "pending",
        "channel": "root.monitoring",
        "priority": 0,
        "max_retries": 1,
        "user_id": 1,
        "func_string": "res.users(2,).write({'login': 'mine'})",
        **changes,
    }
    for name in ("records", "args", "kwargs"):
        values[name] = json.dumps(values[name])  # as queue_job stores them
    names = ", ".join(values)
    marks = ", ".join(f"%({name})s" for name in values)
    web.sql(
        MASTER,
        f"INSERT INTO queue_job ({names}, date_created) "
        f"VALUES ({marks}, now() AT TIME ZONE 'UTC')",
        values,
    )
    return values["uuid"]


def fate(web, job):
    """Wait until a job has ended.

    :return: state, name of the exception
    """

    def ended():
        rows = web.sql(
            MASTER, "SELECT state, exc_name FROM queue_job WHERE uuid = %s", [job]
        )
        return rows[0] if rows[0][0] in ("done", "failed", "cancelled") else None

    return wait_until(ended, 60)


@pytest.mark.parametrize(
    "changes",
    [
        {"model_name": "res.users", "method_name": "write", "records": EVIL},
        {"model_name": "res.users", "method_name": "unlink", "records": EVIL},
        {"model_name": "saas.sealed.mixin", "method_name": "_unseal"},
        {"model_name": "queue.job", "method_name": "_test_job"},
        {"method_name": "unlink"},
        {"method_name": "_step_drop_database"},
        {"records": EVIL},
        {"records": {**EVIL, "model": "saas.inquiry"}},
        {"records": XML},
        {"records": {**RECORDS, "context": {"default_state": "done"}}},
        {"records": {**RECORDS, "context": {"lang": EVIL}}},
        {"records": {**RECORDS, "ids": [EVIL]}},
        {"records": {**RECORDS, "uid": EVIL}},
        {"records": {**RECORDS, "more": XML}},
        {"records": [RECORDS]},
        {"records": "saas.operation"},
        {"args": [1]},
        {"args": [EVIL]},
        {"args": XML},
        {"kwargs": {"step": 1}},
        {"kwargs": {"x": EVIL}},
    ],
    ids=lambda changes: json.dumps(changes)[:60],
)
def test_jobs_runs_no_row_that_names_something_else(web, changes):
    plain = {
        name: value if name.endswith("_name") else json.dumps(value)
        for name, value in changes.items()
    }
    job = plant_job(web, **plain)
    assert fate(web, job) == ("failed", "Refused")
    web.sql(MASTER, "DELETE FROM queue_job WHERE uuid = %s", [job])


def test_web_gives_no_second_row_the_uuid_of_a_job(web):
    job = plant_job(web, method_name="unlink")
    fate(web, job)
    with pytest.raises(errors.UniqueViolation, match="uuid"):
        plant_job(web, uuid=job)
    web.sql(MASTER, "DELETE FROM queue_job WHERE uuid = %s", [job])


def test_an_operation_runs_no_step_of_another_playbook(platform, web, shared_instance):
    [(operation,)] = web.sql(
        MASTER,
        """INSERT INTO saas_operation
                  (kind, state, params, instance_id, exclusive, create_date)
           SELECT 'restart', 'queued', '{}', id, true, now() FROM saas_instance
            WHERE uuid = %s RETURNING id""",
        [shared_instance["uuid"]],
    )
    web.sql(
        MASTER,
        """INSERT INTO saas_operation_step (operation_id, sequence, name, state)
           VALUES (%s, 0, 'drop_database', 'pending')""",
        [operation],
    )
    job = plant_job(web, records=json.dumps({**RECORDS, "ids": [operation]}))
    assert fate(web, job)[0] == "done"  # the operation carries the result
    [(state, message)] = web.sql(
        MASTER, "SELECT state, message FROM saas_operation WHERE id = %s", [operation]
    )
    assert state == "failed"
    assert "has no step" in message
    assert shared_instance["database"] in {
        name
        for (name,) in role_of(platform, "postgres").sql(
            "postgres", "SELECT datname FROM pg_database"
        )
    }


# === KEYS AND SECRETS === #


def test_the_user_of_web_reads_no_key_and_no_configuration_of_others(platform):
    closed = [
        "keys/seal",
        "keys/seal/seal.key",
        "keys/sign.key",
        "etc/jobs.conf",
        "etc/pgpass",
        "etc/admin-password",
        "etc/runner-password",
        "etc/saasctl.key",
        "etc/helper.json",
        "platform.env",
        "log/jobs.log",
        "log/postgresql.log",
        "nginx/routes",
        "data-plane/programs",
    ]
    for name in closed:
        path = platform.run_dir / name
        assert path.exists(), path
        assert run("test", "-r", path, user="saas-web").returncode == 1, path
    for name in ("data-plane", "control-plane"):
        socket = platform.run_dir / name / "supervisor.sock"
        assert run("test", "-w", socket, user="saas-web").returncode == 1, socket
    for folder in platform.run_dir.glob("storage/odoo_instances/*"):
        assert run("test", "-x", folder, user="saas-web").returncode == 1


def test_the_user_of_web_writes_nothing_that_jobs_imports(platform):
    folders = [platform.run_dir / "master", *platform.run_dir.glob("master/addons/**")]
    folders += [platform.run_dir, *(platform.run_dir / "code").rglob("*")]
    # In a sticky folder, such as /tmp, nobody renames what is another's.
    folders += [
        path for path in platform.run_dir.parents if not path.stat().st_mode & S_ISVTX
    ]
    script = 'while IFS= read -r p; do test -w "$p" && echo "$p"; done; true'
    listed = "\n".join(str(path) for path in folders if not path.is_symlink())
    done = run("sh", "-c", script, stdin=listed, user="saas-web")
    assert done.stdout == ""
    moved = run(
        "mv", platform.run_dir / "master/addons", platform.run_dir / "master/mine",
        user="saas-web",
    )  # fmt: skip
    assert moved.returncode


def test_the_user_of_web_plants_nothing_where_another_service_looks(platform):
    """A link to a key, or to the routes, that `jobs` would read or clean up."""
    for place in ("master/filestore/zz", "master/sessions/zz"):
        target = platform.run_dir / "etc/jobs.conf"
        planted = run("ln", "-s", target, platform.run_dir / place, user="saas-web")
        assert "Permission denied" in planted.stderr
    search = ("-writable", "-not", "-type", "l")
    found = run("find", platform.run_dir, *search, user="saas-web").stdout.split("\n")
    own = {str(platform.run_dir / name) for name in OWN}
    strange = [
        path
        for path in filter(None, found)
        if path not in own and not path.startswith(f"{platform.run_dir}/web/sessions/")
    ]
    assert strange == []


def test_no_attachment_stands_in_a_file(web):
    """What both services read comes from the database."""
    assert web.sql(
        MASTER, "SELECT count(*) FROM ir_attachment WHERE store_fname IS NOT NULL"
    ) == [(0,)]
    assert web.sql(
        MASTER, "SELECT count(*) > 0 FROM ir_attachment WHERE db_datas IS NOT NULL"
    ) == [(True,)]


def test_the_user_of_web_has_no_power(platform):
    program = platform.run_dir / "code/bin/root-helper"
    for command in (("sudo", "-n", program), ("sudo", "-n", "id")):
        assert run(*command, stdin="", user="saas-web").returncode
    request = '{"verb": "usage", "arguments": {}, "seconds": 9}'
    refused = run(program, stdin=request, user="saas-web")
    assert "must run as root" in refused.stdout


def test_web_cannot_take_the_connections_of_jobs_and_tenants(platform, web):
    with ExitStack() as stack:
        with pytest.raises(OperationalError, match="too many connections for role"):
            for _ in range(100):
                stack.enter_context(web.connect(MASTER))
        assert role_of(platform, "saas_owner").sql(MASTER, "SELECT 1") == [(1,)]


def test_jobs_may_run_the_helper_as_root_and_nothing_else(platform):
    program = platform.run_dir / "code/bin/root-helper"
    for command in (
        ("sudo", "-n", "id"),
        ("sudo", "-n", program, "usage"),
        ("sudo", "-n", "-u", "postgres", program),
        ("sudo", "-n", "sh", "-c", program),
        ("sudo", "-n", "-e", program),
    ):
        refused = run(*command, stdin="", user="saas-jobs")
        assert refused.returncode, command
        assert "a password is required" in refused.stderr, command
    asked = '{"verb": "usage", "arguments": {}, "seconds": 9}'
    allowed = run("sudo", "-n", program, stdin=asked, user="saas-jobs")
    assert json.loads(allowed.stdout)["ok"]


def test_the_processes_of_web_hold_no_key(platform):
    keys = {
        path.read_text().strip()
        for path in (*platform.run_dir.glob("keys/seal/*.key"),
                     platform.run_dir / "keys/sign.key")
    }  # fmt: skip
    words = {role_of(platform, name).password for name in ("saas_owner", "saas_admin")}
    pids = processes_of(int(run("id", "-u", "saas-web").stdout))
    assert pids
    for pid in pids:
        for name in ("environ", "cmdline"):
            content = Path(f"/proc/{pid}/{name}").read_text(errors="replace")
            assert not any(secret in content for secret in keys | words)
        opened = [os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()]
        assert not any("/keys/" in path or "jobs" in path for path in opened)


def test_web_seals_and_does_not_open(platform):
    done = run(
        platform.run_dir / "code/venv/bin/python",
        *("-c", SEAL, platform.run_dir / "code/master/saas_infra"),
        platform.run_dir / "keys",
        user="saas-web",
    )
    sealed, closed = done.stdout.splitlines()
    key, _, box = sealed.partition(":")
    assert len(key) == 16
    assert len(box) > 60
    assert closed.startswith("closed")
    assert "Permission denied" in closed


def test_a_secret_that_is_moved_elsewhere_does_not_open(platform, shared_instance):
    """The admin's login in a tenant's place would land in its odoo.conf."""
    owner = role_of(platform, "saas_owner")
    [(own,)] = owner.sql(
        MASTER,
        "SELECT password_sealed FROM saas_instance WHERE uuid = %s",
        [shared_instance["uuid"]],
    )
    put = "UPDATE saas_instance SET password_sealed = %s WHERE uuid = %s"
    [(admin,)] = owner.sql(
        MASTER, "SELECT admin_password_sealed FROM saas_database_server LIMIT 1"
    )
    owner.sql(MASTER, put, [admin, shared_instance["uuid"]])
    try:
        code, answer = platform.run_saasctl(
            "instance", "restart", shared_instance["uuid"], "--wait"
        )
        assert code == 1
        assert "sealed for another record" in str(answer)
    finally:
        owner.sql(MASTER, put, [own, shared_instance["uuid"]])
    platform.saasctl("instance", "retry", shared_instance["uuid"], "--wait")


def test_the_admins_password_goes_to_no_other_address(platform, web):
    [(server, host)] = web.sql(
        MASTER, "SELECT id, host FROM saas_database_server LIMIT 1"
    )
    put = "UPDATE saas_database_server SET host = %s WHERE id = %s"
    web.sql(MASTER, put, ["127.0.0.2", server])
    try:
        report = platform.saasctl("reconcile")
        assert "sealed for another record or address" in str(report)
    finally:
        web.sql(MASTER, put, [host, server])
