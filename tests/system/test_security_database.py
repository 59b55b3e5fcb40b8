"""A tenant's database is hostile: nothing of ours runs what lies in it."""

import time
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import errors
from strangers import Tenant, role_of

# What the trap tries with the power of whoever springs it; all of it fails for A.
TRAP = """
CREATE TABLE spy (trap text, who text, session text, powerful boolean);
GRANT ALL ON spy TO PUBLIC;
CREATE SCHEMA evil;
GRANT ALL ON SCHEMA evil TO PUBLIC;
CREATE FUNCTION evil.note(trap text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.spy SELECT trap, current_user, session_user,
        rolsuper OR rolcreaterole OR rolcreatedb FROM pg_catalog.pg_roles
        WHERE rolname = current_user;
    BEGIN
        COPY (SELECT 1) TO PROGRAM 'touch {token}';
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END;
    BEGIN
        ALTER ROLE "{role}" CREATEDB CREATEROLE;
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END;
EXCEPTION WHEN read_only_sql_transaction THEN NULL;
END $$;
CREATE FUNCTION evil.on_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM evil.note('trigger'); RETURN coalesce(NEW, OLD); END $$;
CREATE FUNCTION evil.on_row_definer() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER AS $$
BEGIN PERFORM evil.note('definer'); RETURN coalesce(NEW, OLD); END $$;
-- What stands in for functions and tables that an unwary visitor calls unqualified.
CREATE FUNCTION evil.pg_database_size(oid) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN PERFORM evil.note('size'); RETURN 1; END $$;
CREATE FUNCTION evil.pg_terminate_backend(integer) RETURNS boolean LANGUAGE plpgsql
    AS $$ BEGIN PERFORM evil.note('terminate'); RETURN true; END $$;
CREATE FUNCTION evil.shobj_description(oid, name) RETURNS text LANGUAGE plpgsql
    AS $$ BEGIN PERFORM evil.note('description'); RETURN ''; END $$;
CREATE FUNCTION evil.spring() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN PERFORM evil.note('view'); RETURN true; END $$;
CREATE VIEW evil.pg_database AS
    SELECT * FROM pg_catalog.pg_database WHERE evil.spring();
CREATE VIEW evil.pg_stat_activity AS
    SELECT * FROM pg_catalog.pg_stat_activity WHERE evil.spring();
GRANT ALL ON ALL TABLES IN SCHEMA evil TO PUBLIC;
ALTER DATABASE "{database}" SET search_path = public, evil, pg_catalog;
ALTER ROLE "{role}" SET search_path = public, evil, pg_catalog;
"""
ROWS = ("res_users", "res_partner", "res_company", "ir_config_parameter", "res_lang")


def plant(tenant, token):
    """Set traps for whoever enters the tenant's database with more rights than it."""
    trap = TRAP.format(token=token, role=tenant.role.name, database=tenant.database)
    triggers = "".join(
        f"CREATE TRIGGER {name}_{table} BEFORE INSERT OR UPDATE OR DELETE ON "
        f"public.{table} FOR EACH ROW EXECUTE FUNCTION evil.{name}();"
        for table in ROWS
        for name in ("on_row", "on_row_definer")
    )
    tenant.sql(trap + triggers)


def caught(tenant):
    """Return who sprang a trap, as trap, user, session's user, powerful."""
    return set(tenant.sql("SELECT trap, who, session, powerful FROM public.spy"))


def change(platform, verb, instance, *arguments):
    agreed = ["--yes"] if verb in {"stop", "suspend", "hand-over", "terminate"} else []
    platform.saasctl("instance", verb, instance["uuid"], *arguments, *agreed, "--wait")


@pytest.fixture
def token():
    """A file that a program makes where the server runs one for a tenant."""
    return Path(f"/tmp/saasodoo-trap-{time.time_ns()}")


def test_nothing_of_ours_springs_a_trap_in_a_tenants_database(
    platform, instance, token
):
    tenant = Tenant(platform, instance)
    plant(tenant, token)
    tenant.sql("UPDATE public.res_company SET write_date = now()")  # the trap works
    assert {trap for trap, *_ in caught(tenant)} == {"trigger", "definer"}
    name = f"x{instance['subdomain'][1:]}"
    for verb, *arguments in (
        ("stop",),
        ("start",),
        ("restart",),
        ("suspend",),
        ("resume",),
        ("change-plan", "--plan", "professional"),  # lists sizes
        ("hand-over", "--customer", name, "--email", f"owner@{name}.test"),
        ("rename", "--subdomain", name),
        ("terminate",),
        ("reactivate",),
    ):
        change(platform, verb, instance, *arguments)
    platform.saasctl("reconcile")
    found = caught(tenant)
    role = tenant.role.name
    assert {(who, session) for _, who, session, _ in found} == {(role, role)}
    assert not any(powerful for *_, powerful in found)
    change(platform, "terminate", instance)
    platform.saasctl(
        *("instance", "purge", name, "--confirm", name),
        *("--reason", "test", "--wait"),
    )
    assert not role_of(platform, "postgres").sql(
        "postgres", "SELECT 1 FROM pg_roles WHERE rolname = %s", [role]
    )
    assert not token.exists()


def test_no_role_of_ours_is_left_in_a_tenants_role(platform, shared_instance):
    members = role_of(platform, "postgres").sql(
        "postgres",
        """SELECT member::regrole::text FROM pg_auth_members
            WHERE roleid = quote_ident(%s)::regrole OR member = quote_ident(%s)::regrole
        """,
        [shared_instance["database"]] * 2,
    )
    assert members == []


def test_jobs_knows_no_superuser(platform):
    password = role_of(platform, "postgres").password
    assert password not in (platform.run_dir / "etc/jobs.conf").read_text()
    superusers = role_of(platform, "postgres").sql(
        "postgres",
        "SELECT rolname FROM pg_roles WHERE rolsuper OR rolreplication OR rolbypassrls",
    )
    assert superusers == [("postgres",)]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE FUNCTION t() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
        "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION t()",
        "CREATE DATABASE mine",
        "CREATE ROLE mine",
        "CREATE TABLESPACE mine LOCATION '/tmp'",
        "CREATE EXTENSION dblink",
        "CREATE EXTENSION file_fdw",
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpython3u AS 'return 1'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc.so.6', 'getpid'",
        "COPY (SELECT 1) TO PROGRAM 'id'",
        "COPY (SELECT 1) TO '/tmp/saasodoo-out'",
        "CREATE TABLE t (a text); COPY t FROM '/etc/passwd'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_ls_dir('.')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT * FROM pg_authid",
        "SELECT * FROM pg_hba_file_rules",
        "SET ROLE saas_admin",
        "SET SESSION AUTHORIZATION saas_owner",
        "GRANT saas_admin TO CURRENT_USER",
        "GRANT pg_read_all_stats TO CURRENT_USER",
        "ALTER ROLE CURRENT_USER CREATEDB",
        "ALTER ROLE CURRENT_USER CONNECTION LIMIT 1000",
        "COMMENT ON ROLE OWN_ROLE IS 'somebody else'",
        "ALTER SYSTEM SET log_connections = on",
        "SET temp_file_limit = -1",
        "SELECT pg_reload_conf()",
    ],
)
def test_a_tenants_role_has_no_power_over_the_server(
    platform, shared_instance, statement
):
    tenant = Tenant(platform, shared_instance)
    with pytest.raises((errors.InsufficientPrivilege, errors.UndefinedObject)):
        tenant.sql(statement.replace("OWN_ROLE", tenant.role.name))


def test_a_tenant_enters_no_other_database(platform, shared_instance, instance):
    tenant = Tenant(platform, shared_instance)
    others = {
        name
        for (name,) in role_of(platform, "postgres").sql(
            "postgres", "SELECT datname FROM pg_database"
        )
    } - {tenant.database}
    assert {"postgres", "template1", "master", instance["database"]} < others
    for database in others:
        with pytest.raises(psycopg2.OperationalError, match="permission denied|not "):
            tenant.sql("SELECT 1", database=database)


def test_a_tenant_sees_no_query_of_others_and_ends_no_session(
    platform, shared_instance, instance
):
    tenant, other = Tenant(platform, shared_instance), Tenant(platform, instance)
    with other.role.connect(other.database) as cursor:
        cursor.execute("SELECT pg_backend_pid() AS told_to_nobody")
        [(pid,)] = cursor.fetchall()
        [(query, address)] = tenant.sql(
            "SELECT query, client_port FROM pg_stat_activity WHERE pid = %s", [pid]
        )
        assert (query, address) == ("<insufficient privilege>", None)
        for function in ("pg_terminate_backend", "pg_cancel_backend"):
            with pytest.raises(errors.InsufficientPrivilege):
                tenant.sql(f"SELECT {function}(%s)", [pid])
        cursor.execute("SELECT 1")
