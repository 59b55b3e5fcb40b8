"""Roles and databases: what the real driver and the fake have in common."""

from dataclasses import replace

import pytest
from drivers.errors import NotFound, NotOurs, PermanentInfraError
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
    assert postgresql.list_roles()[clone.role].mark == clone.mark


def test_a_role_is_listed_with_its_limit(postgresql, clone):
    for limit in (clone.connection_limit, 38, 7):
        postgresql.ensure_role(replace(clone, connection_limit=limit))
        assert postgresql.list_roles()[clone.role].connection_limit == limit


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
    assert clone.name not in postgresql.list_databases()
    assert clone.role not in postgresql.list_roles()


def test_a_role_that_owns_a_database_is_not_dropped(postgresql, clone):
    with pytest.raises(PermanentInfraError):
        postgresql.remove_role(clone)


def test_a_renamed_database_keeps_its_mark(postgresql, clone):
    new_name = f"{clone.name}_old"
    postgresql.rename_database(clone, new_name)
    postgresql.rename_database(clone, new_name)
    assert clone.name not in postgresql.list_databases()
    assert postgresql.list_databases()[new_name].mark == clone.mark
    postgresql.remove_database(clone, new_name)
    assert new_name not in postgresql.list_databases()


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
    assert spec.name not in postgresql.list_databases()


@pytest.mark.parametrize(
    "touch",
    [
        lambda driver, spec, _: driver.ensure_role(spec),
        lambda driver, spec, _: driver.remove_role(spec),
        lambda driver, spec, t: driver.ensure_database(spec, t.name, t.role),
        lambda driver, spec, _: driver.remove_database(spec),
        lambda driver, spec, _: driver.rename_database(spec, "elsewhere"),
        lambda driver, spec, _: driver.close_template(spec),
    ],
    ids=["role", "drop role", "clone", "drop", "rename", "close"],
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
