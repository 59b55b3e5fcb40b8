"""A template and a clone of it on the real server, for its suites."""

import pytest


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
