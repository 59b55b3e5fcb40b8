"""A tenant's real Odoo on a real swarm, from the image that set-up builds."""

import os
import shutil
import socket
import subprocess
from base64 import b64encode
from contextlib import suppress
from dataclasses import replace
from threading import Thread

import pytest
from nacl.signing import SigningKey
from real_machine import wait_until
from real_swarm import GATEWAY
from tenant_server import identity

from scripts.setup import images
from scripts.setup.choices import load

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def image(swarm):
    """The tenant's image of the code that the tests' platform has."""
    settings = load({"RUN_DIR": os.environ["SAASODOO_RUN_DIR"]})
    return images.find_or_build(settings, "tenant", swarm.address)


@pytest.fixture(scope="module")
def database_port(swarm, real_postgresql):
    """A port of PostgreSQL's that containers reach; the server itself is loopback's."""
    target = real_postgresql.host, real_postgresql.port
    with socket.create_server((GATEWAY, 0)) as listener:
        Thread(target=accept_all, args=(listener, target), daemon=True).start()
        yield listener.getsockname()[1]


def accept_all(listener, target):
    with suppress(OSError):  # the listener was closed
        while True:
            client, _address = listener.accept()
            server = socket.create_connection(target)
            for source, sink in ((client, server), (server, client)):
                Thread(target=pump, args=(source, sink), daemon=True).start()


def pump(source, sink):
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="module")
def spec(
    swarm, machine, tenants, real_postgresql, tenant_template, image, database_port
):
    """A clone of the template, with a folder of its own and no service yet."""
    key = SigningKey.generate().verify_key
    spec = replace(
        swarm.on_swarm(tenants.make()),
        image=image,
        database_host=GATEWAY,
        database_port=database_port,
        public_keys=(b64encode(bytes(key)).decode(),),
    )
    driver, template = real_postgresql.driver(), tenant_template.spec.database
    driver.close_template(template)
    driver.ensure_role(spec.database)
    driver.ensure_database(spec.database, template.name, template.role)
    driver.set_identity(spec.database, identity(spec))
    machine.directory().ensure_directory(spec.directory)
    copy_files(tenant_template, machine, spec)
    yield spec
    swarm.driver().remove_service(spec)


def copy_files(template, machine, spec):
    folder = machine.run / "storage/odoo_instances" / spec.directory.name / "filestore"
    target = folder / spec.database.name
    shutil.copytree(template.folder / "filestore" / template.spec.database.name, target)
    for path in (target, *target.rglob("*")):
        os.chown(path, spec.uid, spec.uid)


def ask(swarm, spec, path, secret):
    """Ask the tenant in its own network, as a proxy would; return status and page."""
    (container,) = swarm.containers(spec)
    done = subprocess.run(
        ["nsenter", "-n", "-t", str(container["State"]["Pid"]), "curl", "-s",
         "--max-time", "60", "-w", "\n%{http_code}", "-H", f"Host: {spec.hostname}",
         "-H", f"X-SaaSOdoo-Secret: {secret}", f"http://127.0.0.1:8069{path}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    page, _, status = done.stdout.rpartition("\n")
    return int(status), page


def test_odoo_opens_its_door_to_the_proxy_alone(swarm, spec):
    driver = swarm.driver()
    driver.ensure_service(spec)
    wait_until(lambda: driver.list_services()[spec.name].since, "a task", 120)
    wait_until(lambda: swarm.place_of(spec), driver.logs(spec), 120)
    status, page = ask(swarm, spec, "/web/login", spec.proxy_secret)
    assert (status, 'name="login"' in page) == (200, True)
    assert ask(swarm, spec, "/web/login", "wrong")[0] == 403


def test_a_tenant_whose_container_ends_comes_back_by_itself(swarm, spec):
    (before,) = swarm.containers(spec)
    swarm.client().kill(before["Id"])
    wait_until(lambda: newest(swarm, spec) not in (None, before["Id"]), "a new task")
    wait_until(lambda: swarm.place_of(spec), "health", 120)
    assert ask(swarm, spec, "/web/login", spec.proxy_secret)[0] == 200


def newest(swarm, spec):
    found = swarm.containers(spec)
    return found[-1]["Id"] if found else None


def test_the_same_content_is_the_same_image(swarm, image):
    settings = load({"RUN_DIR": os.environ["SAASODOO_RUN_DIR"]})
    assert images.find_or_build(settings, "tenant", swarm.address) == image
