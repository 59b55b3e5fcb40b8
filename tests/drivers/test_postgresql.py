"""Roles and databases: what the real driver and the fake have in common."""

from dataclasses import replace

import pytest
from drivers.errors import NotFound, NotOurs, PermanentInfraError, RetryableInfraError
from drivers.specs import Mark
from tenants import stranger


@pytest.fixture
def template(postgresql, tenants):
    """A closed template with one table in it, where the driver is real."""
    spec = tenants.make().database
    postgresql.ensure_role(spec)
    postgresql.ensure_database(spec)
    postgresql.close_template(spec)
    yield spec
    postgresql.remove_database(spec)
    postgresql.remove_role(spec)


@pytest.fixture
def clone(postgresql, template, tenants):
    spec = tenants.make().database
    postgresql.ensure_role(spec)
    postgresql.ensure_database(spec, template.name, template.role)
    return spec


def test_a_clone_is_listed_with_its_mark(postgresql, clone):
    state = postgresql.list_databases()[clone.name]
    assert state.mark == clone.mark
    assert state.size > 1_000_000
    assert postgresql.list_roles()[clone.role] == clone.mark
    assert postgresql.exists(clone.name)


def test_the_server_tells_its_version_and_size(postgresql, clone):
    answer = postgresql.ping()
    assert answer["version"] >= 15
    assert answer["max_connections"] > 0
    assert answer["databases"] > 0
    assert set(answer) == {"version", "max_connections", "databases", "bytes"}


def test_ensuring_twice_changes_nothing(postgresql, clone, template):
    before = postgresql.list_databases()
    postgresql.ensure_role(clone)
    postgresql.ensure_database(clone, template.name, template.role)
    assert postgresql.list_databases().keys() == before.keys()


def test_removing_twice_is_removing_once(postgresql, clone):
    for _ in range(2):
        postgresql.remove_database(clone)
        postgresql.remove_role(clone)
    assert not postgresql.exists(clone.name)
    assert clone.role not in postgresql.list_roles()


def test_a_role_that_owns_a_database_is_not_dropped(postgresql, clone):
    with pytest.raises(PermanentInfraError):
        postgresql.remove_role(clone)


def test_a_renamed_database_keeps_its_mark(postgresql, clone):
    new_name = f"{clone.name}_old"
    postgresql.rename_database(clone, new_name)
    postgresql.rename_database(clone, new_name)
    assert not postgresql.exists(clone.name)
    assert postgresql.list_databases()[new_name].mark == clone.mark
    postgresql.remove_database(clone, new_name)
    assert not postgresql.exists(new_name)


def test_what_is_not_there_cannot_be_renamed_or_closed(postgresql, tenants):
    spec = tenants.make().database
    with pytest.raises(NotFound):
        postgresql.rename_database(spec, "elsewhere")
    with pytest.raises(NotFound):
        postgresql.close_template(spec)


def test_a_clone_of_what_does_not_exist_is_refused(postgresql, tenants):
    spec = tenants.make().database
    postgresql.ensure_role(spec)
    with pytest.raises(PermanentInfraError):
        postgresql.ensure_database(spec, "no_such_template", "no_such_role")
    assert not postgresql.exists(spec.name)


@pytest.mark.parametrize(
    "touch",
    [
        lambda driver, spec, _: driver.ensure_role(spec),
        lambda driver, spec, _: driver.remove_role(spec),
        lambda driver, spec, t: driver.ensure_database(spec, t.name, t.role),
        lambda driver, spec, _: driver.remove_database(spec),
        lambda driver, spec, _: driver.rename_database(spec, "elsewhere"),
        lambda driver, spec, _: driver.close_template(spec),
        lambda driver, spec, _: driver.end_connections(spec),
    ],
    ids=["role", "drop role", "clone", "drop", "rename", "close", "end connections"],
)
def test_what_carries_another_mark_is_left_alone(postgresql, clone, template, touch):
    before = postgresql.list_databases().keys(), postgresql.list_roles()
    with pytest.raises(NotOurs):
        touch(postgresql, stranger(clone), template)
    assert (postgresql.list_databases().keys(), postgresql.list_roles()) == before


def test_another_platforms_objects_are_not_listed(postgresql, clone, tenants):
    foreign = tenants.make(platform="00000000-0000-4000-8000-000000000000").database
    postgresql.ensure_role(foreign)
    assert foreign.role not in postgresql.list_roles()
    assert clone.role in postgresql.list_roles()
    postgresql.remove_role(foreign)


# Only the real server can show these


@pytest.fixture
def server(real_postgresql):
    return real_postgresql


@pytest.fixture
def real(server):
    return server.driver()


@pytest.fixture
def real_template(real, server, tenants):
    spec = tenants.make().database
    real.ensure_role(spec)
    real.ensure_database(spec)
    as_role = {"database": spec.name, "login": spec.role, "password": spec.password}
    server.query("CREATE EXTENSION pg_trgm", **as_role)
    server.query(
        "CREATE TABLE note (id serial PRIMARY KEY, body text);"
        "INSERT INTO note (body) VALUES ('template')",
        **as_role,
    )
    real.close_template(spec)
    return spec


@pytest.fixture
def real_clone(real, real_template, tenants):
    spec = tenants.make().database
    real.ensure_role(spec)
    real.ensure_database(spec, real_template.name, real_template.role)
    return spec


def login_of(spec, **values):
    return {
        "database": spec.name,
        "login": spec.role,
        "password": spec.password,
    } | values


def test_the_tenants_role_owns_all_that_is_in_a_clone(server, real_clone):
    own = login_of(real_clone)
    server.query("INSERT INTO note (body) VALUES ('mine')", **own)
    server.query("ALTER TABLE note ADD COLUMN more text", **own)
    server.query("CREATE TABLE other (id int)", **own)
    assert server.query("SELECT body FROM note ORDER BY id", **own) == [
        ("template",),
        ("mine",),
    ]


def test_the_tenants_role_can_do_no_more_than_it_needs(server, real_clone):
    flags = server.query(
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolconnlimit, rolcanlogin "
        "FROM pg_roles WHERE rolname = %s",
        [real_clone.role],
    )
    assert flags == [(False, False, False, 20, True)]
    settings = dict(
        server.query(
            "SELECT name, setting FROM pg_settings WHERE name LIKE %s",
            ["%timeout"],
            **login_of(real_clone),
        )
    )
    assert settings["statement_timeout"] == str(15 * 60 * 1000)
    assert settings["idle_in_transaction_session_timeout"] != "0"


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


def test_the_admin_is_no_member_of_a_finished_tenants_role(server, real_clone):
    members = server.query(
        "SELECT count(*) FROM pg_auth_members WHERE roleid = %s::regrole",
        [real_clone.role],
    )
    assert members == [(0,)]


def test_a_template_takes_no_connections_and_its_role_owns_no_database(
    server, real_template
):
    row = server.query(
        "SELECT datallowconn, datdba::regrole::text FROM pg_database "
        "WHERE datname = %s",
        [real_template.name],
    )
    assert row == [(False, server.login)]


CRASH_POINTS = (
    "_create",
    "_close_to_public",
    "_allow_connections",
    "_comment",
    "_leave",
)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", CRASH_POINTS)
@pytest.mark.parametrize("what", ["clone", "template"])
def test_what_a_crash_left_is_ours_and_is_finished_by_the_next_run(
    server, real, real_template, tenants, monkeypatch, what, step, after
):
    spec = tenants.make().database
    real.ensure_role(spec)
    clone = (real_template.name, real_template.role) if what == "clone" else ()
    dying = server.driver()

    def die(*args):
        if after:
            getattr(type(dying), step)(dying, *args)
        raise KeyboardInterrupt

    monkeypatch.setattr(dying, step, die)
    with pytest.raises(KeyboardInterrupt):
        dying.ensure_database(spec, *clone)
    if real.exists(spec.name):
        assert real.list_databases()[spec.name].mark == spec.mark
    real.ensure_database(spec, *clone)
    server.query("CREATE TABLE more (id int)", **login_of(spec))
    if clone:
        server.query("UPDATE note SET body = 'mine'", **login_of(spec))
        test_the_admin_is_no_member_of_a_finished_tenants_role(server, spec)
    real.remove_database(spec)
    real.remove_role(spec)


def test_a_tenant_that_writes_another_mark_on_its_database_fools_nobody(
    server, real, real_clone
):
    forged = str(Mark(real_clone.mark.platform, "00000000-0000-4000-8000-00000000000f"))
    server.query(
        f"COMMENT ON DATABASE {real_clone.name} IS %s", [forged], **login_of(real_clone)
    )
    assert real.list_databases()[real_clone.name].mark == real_clone.mark
    real.remove_database(real_clone)
    assert not real.exists(real_clone.name)


def test_a_database_of_the_same_name_without_a_mark_is_not_ours(
    server, real, real_template, tenants
):
    spec = tenants.make().database
    real.ensure_role(spec)
    server.query(f"CREATE DATABASE {spec.name}")
    try:
        with pytest.raises(NotOurs):
            real.ensure_database(spec, real_template.name, real_template.role)
        with pytest.raises(NotOurs):
            real.remove_database(spec)
    finally:
        server.query(f"DROP DATABASE {spec.name}")


def test_a_database_in_use_is_dropped_with_its_connections_ended(
    server, real, real_clone
):
    with server.connect(**login_of(real_clone)):
        assert real.list_databases()[real_clone.name].connections == 1
        real.remove_database(real_clone)
    assert not real.exists(real_clone.name)


def test_a_template_in_use_can_be_cloned_later(server, real, tenants):
    template, spec = tenants.make().database, tenants.make().database
    for made in (template, spec):
        real.ensure_role(made)
    real.ensure_database(template)
    with (
        server.connect(**login_of(template)),
        pytest.raises(RetryableInfraError, match="accessed by other users"),
    ):
        real.ensure_database(spec, template.name, template.role)
    real.close_template(template)
    real.ensure_database(spec, template.name, template.role)


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


def test_a_server_that_is_down_is_no_empty_server(server):
    with pytest.raises(RetryableInfraError):
        server.driver(port=1).list_databases()


def test_a_wrong_password_is_told_with_its_cure(server):
    with pytest.raises(PermanentInfraError) as refused:
        server.driver(password="wrong").ping()
    assert "password" in refused.value.cure


def test_a_role_with_all_its_connections_in_use_may_be_tried_again(
    server, real, real_clone
):
    real.ensure_role(replace(real_clone, connection_limit=1))
    driver = server.driver()
    with (
        server.connect(**login_of(real_clone)),
        pytest.raises(RetryableInfraError, match="too many connections"),
        driver._cursor(real_clone.name, real_clone.role, real_clone.password),
    ):
        pass


def test_passwords_are_in_no_error_and_no_text(real_clone):
    assert real_clone.password not in repr(real_clone)
