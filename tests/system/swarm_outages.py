"""Faults of a real platform on a swarm, made on purpose and taken back."""

import contextlib
import shutil
from unittest.mock import patch

from outages import Outages, service_of
from people import run_in_master, wait_until
from strangers import run
from swarm_people import up

from scripts.setup import certificates, edge, folders, master_stack, swarm_services

# A service that is none of ours: its task never starts.
STRANGER = ("service", "create", "-d", "--replicas", "0", "--no-resolve-image")
NOWHERE = f"sha256:{'0' * 64}"


class SwarmOutages(Outages):
    """What root can do to a platform on a swarm.

    :param SwarmPlatform platform: the one that suffers
    """

    # === PROGRAMS === #

    @contextlib.contextmanager
    def without_engine(self):
        """Have the engine stopped for a while, and all containers with it."""
        with self.stopped("data-plane", "dockerd"):
            yield
        self.wait_for_stack()

    @contextlib.contextmanager
    def without(self, service):
        """Have a service of the stack scaled to nothing for a while."""
        name = f"{swarm_services.stack_name(self.settings)}_{service}"
        self._scale(name, 0)
        chosen = ("--filter", f"label=com.docker.swarm.service.name={name}")
        wait_until(lambda: not self.platform.docker("ps", "-q", *chosen), seconds=120)
        try:
            yield
        finally:
            self._scale(name, 1)
            self.wait_for_stack()

    def wait_for_stack(self):
        """Wait until all of the stack's services run."""

        def is_well():
            # Until the engine answers its command line fails.
            with contextlib.suppress(Exception):
                stacks = edge.of(self.settings), master_stack.of(self.settings)
                return not any(any(each.troubles().values()) for each in stacks)
            return False

        wait_until(is_well, seconds=180)

    def broken_routes(self):
        """Have Redis refuse routes."""
        return self.without("redis")

    def empty_redis(self):
        """Have Redis come back without anything, as with a new disk."""
        with self.without("redis"):
            for path in (self.run / "redis/data").iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def routes(self):
        """Return the names of the routes that Redis has."""
        password = folders.kept_password(self.settings, "routes")
        client = ("redis-cli", "-e", "-s", edge.redis_socket(self.settings))
        client += ("--user", "saasodoo", "--no-auth-warning", "-a", password)
        # What the driver itself may ask: each name is followed by its route.
        return run(*client, "hgetall", "saasodoo/routes").stdout.splitlines()[::2]

    # === TENANTS === #

    def end_tenant(self, instance):
        self._scale(service_of(instance), 0)

    def start_tenant(self, instance):
        self._scale(service_of(instance), 1)

    def memory_of(self, instance):
        limit = "{{.Spec.TaskTemplate.Resources.Limits.MemoryBytes}}"
        name = service_of(instance)
        return int(self.platform.docker("service", "inspect", "-f", limit, name))

    @contextlib.contextmanager
    def foreign_service(self, name):
        """Have a service of somebody else under a tenant's name.

        :return: a function that returns it as the engine shows it
        """
        image = self.platform.docker("image", "ls", "-q", "--no-trunc").split()[0]
        self.platform.docker(*STRANGER, "--name", name, image)
        try:
            yield lambda: self.platform.docker("service", "inspect", name)
        finally:
            self.platform.docker("service", "rm", name)

    @contextlib.contextmanager
    def missing_image(self, instance):
        """Have an instance want an image that is nowhere."""
        before = self._set_image(instance, NOWHERE)
        try:
            yield
        finally:
            self._set_image(instance, before)

    @contextlib.contextmanager
    def full_cells(self):
        """Have no address left in the tenants' networks."""
        self._set_cells(0)
        try:
            yield
        finally:
            self._set_cells(1000)

    # === CERTIFICATES === #

    @contextlib.contextmanager
    def expired_certificate(self):
        """Have visitors shown a certificate that has ended; `up` renews it."""
        place = certificates.folder(self.settings)
        authority = certificates.authority(self.settings).read_text()
        (place / "wildcard.names").unlink()
        with patch.object(certificates, "DAYS", -1):
            certificates.prepare(self.settings, self._gateway())
        edge.deploy(self.settings)
        try:
            yield
        finally:
            up()
            assert certificates.authority(self.settings).read_text() == authority

    # === STEPS === #

    def _scale(self, name, count):
        self.platform.docker("service", "scale", "-d", f"{name}={count}")

    def _gateway(self):
        return (self.settings.etc / "gateway").read_text().split()[0]

    def _set_image(self, instance, image):
        """Return the image before."""
        said = run_in_master(
            self.platform,
            f"""
instance = env["saas.instance"].search([("uuid", "=", {instance["uuid"]!r})])
print("BEFORE " + instance.image)
instance._write_guarded({{"image": {image!r}}})""",
        )
        return said.partition("BEFORE ")[2].split()[0]

    def _set_cells(self, count):
        run_in_master(
            self.platform,
            f'env["saas.cell"].search([]).write({{"max_tenants": {count}}})',
        )
