"""Fixtures of tenants: one template a run, and clones of it."""

import signal
from dataclasses import replace

import pytest
from nacl.signing import SigningKey
from real_machine import wait_until
from tenant_server import TenantServer, code_folder, identity
from tenants import Tenants

MODULES, LANGUAGES = "web,mail", "en_US,fr_FR"


@pytest.fixture(scope="session")
def tenant_code():
    with code_folder() as run:
        yield run


@pytest.fixture(scope="session")
def make_tenant(real_postgresql, platform, tenant_code):
    """Make a tenant with a role of its own and no database yet."""
    keys = SigningKey.generate(), SigningKey.generate()
    # Users and ports of their own: other suites end all processes of theirs.
    tenants = Tenants(platform, 221000, 23100, public_port=23080)

    def make():
        spec = replace(
            tenants.make(),
            database_host=real_postgresql.host,
            database_port=real_postgresql.port,
        )
        real_postgresql.driver().ensure_role(spec.database)
        return TenantServer(spec, keys, tenant_code)

    return make


@pytest.fixture(scope="session")
def tenant_template(make_tenant, real_postgresql):
    """A template, built by the launcher after a first run that was killed."""
    server, driver = make_tenant(), real_postgresql.driver()
    driver.ensure_database(server.spec.database)
    killed = server.launch("init", "--modules", MODULES)
    wait_until(
        lambda: killed.poll() is not None or "Loading module mail" in server.log,
        "installation",
        120,
    )
    killed.kill()
    assert killed.wait() == -signal.SIGKILL, server.log
    arguments = ("init", "--modules", MODULES, "--languages", LANGUAGES)
    assert server.launch(*arguments).wait(300) == 0, server.log
    return server


@pytest.fixture(scope="session")
def clone_tenant(make_tenant, tenant_template, real_postgresql):
    """Make a tenant on a clone of the template, and end it afterwards."""
    driver, servers = real_postgresql.driver(), []
    source = tenant_template.spec.database
    driver.close_template(source)

    def clone():
        server = make_tenant()
        driver.ensure_database(server.spec.database, source.name, source.role)
        driver.set_identity(server.spec.database, identity(server.spec))
        server.copy_files(tenant_template)
        servers.append(server)
        return server

    yield clone
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def tenant(clone_tenant):
    server = clone_tenant()
    server.start()
    return server


@pytest.fixture(scope="session")
def neighbour(clone_tenant):
    server = clone_tenant()
    server.start()
    return server


@pytest.fixture
def browser(tenant):
    return tenant.browser()


@pytest.fixture
def owner(browser):
    assert browser.sign_in().status_code == 303
    return browser
