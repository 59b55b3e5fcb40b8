"""What a tenant may do with its database and role, and what it cannot spoil."""

from dataclasses import replace

import pytest
from drivers.errors import PermanentInfraError
from drivers.specs import Mark
from postgresql_fixtures import login_of
from psycopg2 import errors


def test_the_tenants_role_can_do_no_more_than_it_needs(server, real_clone):
    flags = server.query(
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolconnlimit, rolcanlogin "
        "FROM pg_roles WHERE rolname = %s",
        [real_clone.role],
    )
    assert flags == [(False, False, False, 10, True)]
    settings = dict(
        server.query(
            "SELECT name, setting FROM pg_settings WHERE name ~ 'timeout|temp_file'",
            **login_of(real_clone),
        )
    )
    assert settings["statement_timeout"] == str(15 * 60 * 1000)
    assert settings["idle_in_transaction_session_timeout"] != "0"
    assert settings["temp_file_limit"] == str(1024**2)  # kB


def test_a_tenant_cannot_enter_its_neighbours_database_or_the_template(
    server, real, real_template, real_clone, tenants
):
    other = tenants.make().database
    real.ensure_role(other)
    real.ensure_database(other, real_template.name, real_template.role)
    for database in (other.name, real_template.name):
        driver = real_driver_as(server, real_clone)
        with (
            pytest.raises(PermanentInfraError),
            driver._cursor(database, real_clone.role, real_clone.password),
        ):
            pass


def real_driver_as(server, spec, **values):
    return server.driver(login=spec.role, password=spec.password, **values)


def test_a_tenant_that_writes_another_mark_on_its_database_fools_nobody(
    server, real, real_clone
):
    forged = str(Mark(real_clone.mark.platform, "00000000-0000-4000-8000-00000000000f"))
    server.query(
        f"COMMENT ON DATABASE {real_clone.name} IS %s", [forged], **login_of(real_clone)
    )
    assert real.list_databases()[real_clone.name].mark == real_clone.mark
    real.remove_database(real_clone)
    assert not server.has_database(real_clone.name)


@pytest.mark.parametrize(
    "grant",
    [
        "GRANT CONNECT ON DATABASE {database} TO {role}",
        "GRANT SELECT ON note TO {role}",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {role}",
    ],
    ids=["database", "table", "default"],
)
def test_a_neighbours_grant_does_not_keep_a_role(
    server, real, real_template, real_clone, tenants, caplog, grant
):
    other = tenants.make().database
    real.ensure_role(other)
    real.ensure_database(other, real_template.name, real_template.role)
    words = grant.format(database=other.name, role=real_clone.role)
    server.query(words, **login_of(other))
    real.remove_database(real_clone)
    for _ in range(2):
        real.remove_role(real_clone)
    assert real_clone.role not in real.list_roles()
    assert other.name in caplog.text
    [(retired, can_login)] = server.query(
        "SELECT rolname, rolcanlogin FROM pg_roles "
        "WHERE shobj_description(oid, 'pg_authid') = %s",
        [f"retired {real_clone.mark}"],
    )
    assert retired.startswith("retired_")
    assert not can_login
    real.ensure_role(real_clone)  # the name is free
    real.remove_role(real_clone)
    real.remove_database(other)
    server.query(f"DROP ROLE {retired}")


@pytest.mark.parametrize("words", ["SET", "ALTER ROLE {role} SET"])
def test_a_tenant_cannot_raise_its_limit_of_temporary_files(server, real_clone, words):
    with pytest.raises(errors.InsufficientPrivilege):
        server.query(
            f"{words} temp_file_limit = -1".format(role=real_clone.role),
            **login_of(real_clone),
        )


BLOCKS = {
    "template": "IS_TEMPLATE true",
    "closed": "ALLOW_CONNECTIONS false",
    "no connection": "CONNECTION LIMIT 0",
}


@pytest.mark.parametrize("words", BLOCKS.values(), ids=BLOCKS)
def test_a_tenant_neither_hides_its_database_nor_keeps_it_from_being_removed(
    server, real, real_clone, words
):
    before = real.ping()["databases"]
    with server.connect(**login_of(real_clone)):
        # A neighbour's database that lets it in is a place to close its own from.
        alter = f"ALTER DATABASE {real_clone.name} {words}"
        server.query(f"SET ROLE {real_clone.role}; {alter}")
        state = real.list_databases()[real_clone.name]
        assert (state.mark, state.connections) == (real_clone.mark, 1)
        assert state.size > 1_000_000
        assert real.ping()["databases"] == before
        moved = f"{real_clone.name}_old"
        real.rename_database(real_clone, moved)
    real.remove_database(real_clone, moved)
    real.remove_role(real_clone)
    assert not server.has_database(moved)
    assert real_clone.role not in real.list_roles()


@pytest.mark.parametrize("note", [None, "mine"])
def test_the_admin_never_enters_a_finished_database_whatever_its_comment(
    server, real, real_template, real_clone, note, monkeypatch
):
    own = login_of(real_clone)
    server.query(f"COMMENT ON DATABASE {real_clone.name} IS %s", [note], **own)
    entered = []
    monkeypatch.setattr(real, "_finish_clone", lambda *args: entered.append(args))
    real.ensure_database(real_clone, real_template.name, real_template.role)
    moved = replace(real_clone, name=f"{real_clone.name}_old")
    real.rename_database(real_clone, moved.name)
    real.ensure_database(moved, real_template.name, real_template.role)
    assert entered == []
    real.remove_database(moved)
