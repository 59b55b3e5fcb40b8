"""Clones, crashes and ownership: only the real server can show these."""

import pytest
from drivers.errors import NotOurs, PermanentInfraError, RetryableInfraError
from postgresql_fixtures import login_of


def test_the_tenants_role_owns_all_that_is_in_a_clone(server, real_clone):
    own = login_of(real_clone)
    server.query("INSERT INTO note (body) VALUES ('mine')", **own)
    server.query("ALTER TABLE note ADD COLUMN more text", **own)
    server.query("CREATE TABLE other (id int)", **own)
    assert server.query("SELECT body FROM note ORDER BY id", **own) == [
        ("template",),
        ("mine",),
    ]


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
    if server.has_database(spec.name):
        assert real.list_databases()[spec.name].mark == spec.mark
    real.ensure_database(spec, *clone)
    server.query("CREATE TABLE more (id int)", **login_of(spec))
    if clone:
        server.query("UPDATE note SET body = 'mine'", **login_of(spec))
        test_the_admin_is_no_member_of_a_finished_tenants_role(server, spec)
    real.remove_database(spec)
    real.remove_role(spec)


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
    assert not server.has_database(real_clone.name)


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


def test_passwords_are_in_no_error_and_no_text(real_clone):
    assert real_clone.password not in repr(real_clone)


@pytest.mark.parametrize("touch", ["rename", "drop"])
def test_a_refusal_leaves_the_admin_no_member_of_the_tenants_role(
    server, real, real_clone, monkeypatch, touch
):
    def refuse(cursor, *_):
        cursor.execute("DROP DATABASE no_such_database")

    step = {"rename": "_end_connections", "drop": "_make_droppable"}[touch]
    monkeypatch.setattr(real, step, refuse)
    with pytest.raises(PermanentInfraError, match="no_such_database"):
        if touch == "rename":
            real.rename_database(real_clone, "elsewhere")
        else:
            real.remove_database(real_clone)
    test_the_admin_is_no_member_of_a_finished_tenants_role(server, real_clone)


def test_a_rename_that_died_before_its_end_is_finished_by_the_next_run(
    server, real, real_clone, monkeypatch
):
    dying = server.driver()
    monkeypatch.setattr(dying, "_leave", lambda *_: (_ for _ in ()).throw(SystemExit))
    moved = f"{real_clone.name}_old"
    with pytest.raises(SystemExit):
        dying.rename_database(real_clone, moved)
    real.rename_database(real_clone, moved)
    test_the_admin_is_no_member_of_a_finished_tenants_role(server, real_clone)
    real.remove_database(real_clone, moved)
