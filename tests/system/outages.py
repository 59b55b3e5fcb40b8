"""Faults of a real platform, made on purpose and taken back."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import psycopg2
from people import wait_until
from strangers import Tenant

from scripts.setup import processes, rpc, supervisors
from scripts.testing import logs


def service_of(instance):
    """Return the name of an instance's service."""
    return "odoo_" + instance["database"].rpartition("_")[2]


class Outages:
    """What root can do to a platform.

    :param Platform platform: the one that suffers
    """

    def __init__(self, platform):
        self.platform, self.run = platform, platform.run_dir
        self.settings = platform.settings

    # === PROGRAMS === #

    @contextlib.contextmanager
    def stopped(self, plane, *names):
        """Have programs of a supervisor stopped for a while.

        :param str plane: data-plane or control-plane
        """
        for name in names:
            supervisors.stop(self.settings, plane, name)
        try:
            yield
        finally:
            for name in reversed(names):
                supervisors.start(self.settings, plane, name)

    @contextlib.contextmanager
    def without_database(self):
        """Have PostgreSQL stopped for a while: all that use it complain."""
        since = time.time()
        try:
            with self.stopped("data-plane", "postgresql"):
                yield
        finally:
            logs.excuse(self.settings, since)

    def restart(self, plane, *names):
        """Stop programs and start them again."""
        with self.stopped(plane, *names):
            pass

    def tell_supervisor(self, method, *arguments):
        """Have the data plane's supervisor do something behind the platform's back.

        :return: its answer
        """
        supervisor = rpc.connect(self.run / "data-plane/supervisor.sock")
        return getattr(supervisor, method)(*arguments)

    def end_tenant(self, instance):
        """End a tenant's service behind the platform's back."""
        self.tell_supervisor("stopProcessGroup", service_of(instance))

    def start_tenant(self, instance):
        """Start a tenant's service behind the platform's back."""
        self.tell_supervisor("startProcessGroup", service_of(instance))

    def memory_of(self, instance):
        """Return how many bytes an instance's service may use."""
        options = Tenant(self.platform, instance).options
        return int(options["limit_memory_hard"])

    def kill_supervisor(self):
        """Kill the data plane's supervisor, as the kernel does when memory is short."""
        pid = supervisors.pid_of(self.settings, supervisors.DATA)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not processes.is_alive(pid))

    def start_supervisor(self):
        """Start it again, as `make up` does."""
        supervisors.ensure(self.settings, supervisors.DATA)
        supervisors.adopt(self.settings, supervisors.DATA)

    def servers(self, name):
        """Return the processes of a server, with all their children."""
        return processes.servers(self.run, name)

    def wait_for_master(self, platform):
        """Wait until the command line is answered."""
        wait_until(lambda: platform.run_saasctl("plan", "list")[0] == 0, seconds=120)

    # === NGINX === #

    @contextlib.contextmanager
    def broken_routes(self):
        """Have a route that nginx refuses."""
        path = self.run / "nginx/routes/odoo_broken.conf"
        path.write_text("server { nonsense; }\n")
        path.chmod(0o644)
        try:
            yield
        finally:
            path.unlink()

    # === STORAGE === #

    @contextlib.contextmanager
    def unmounted_storage(self):
        """Have an empty folder where the storage was."""
        with self._mounted("-t", "tmpfs", "-o", "mode=0711", "tmpfs"):
            yield

    @contextlib.contextmanager
    def readonly_storage(self):
        """Have the storage as it is after an error of its file system."""
        with self._mounted("--bind", str(self.storage)):
            self._mount("-o", "remount,bind,ro", str(self.storage))
            yield

    @contextlib.contextmanager
    def full_storage(self):
        """Have a copy of the storage on a disk that is full but for 256 KiB."""
        with tempfile.TemporaryDirectory() as aside:
            subprocess.run(["cp", "-a", f"{self.storage}/.", aside], check=True)
            with self._mounted("-t", "tmpfs", "-o", "mode=0711,size=1g", "tmpfs"):
                subprocess.run(["cp", "-a", f"{aside}/.", self.storage], check=True)
                room = shutil.disk_usage(self.storage).free - 256 * 1024
                filler = os.open(self.storage / "filler", os.O_WRONLY | os.O_CREAT)
                os.posix_fallocate(filler, 0, room)
                os.close(filler)
                yield

    @property
    def storage(self):
        return self.run / "storage"

    @contextlib.contextmanager
    def _mounted(self, *what):
        self._mount(*what, str(self.storage))
        try:
            yield
        finally:
            subprocess.run(["umount", "--lazy", str(self.storage)], check=True)

    def _mount(self, *words):
        subprocess.run(["mount", *words], check=True)

    # === DATABASES === #

    @contextlib.contextmanager
    def foreign_database(self, name):
        """Have a tenant's database belong to somebody else's role."""
        with self._superuser() as cursor:
            cursor.execute(
                "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles "
                "WHERE rolname = %s",
                [name],
            )
            [mark] = cursor.fetchone()
            stranger = f"saasodoo:{uuid.uuid4()}:{uuid.uuid4()}"
            self._comment(cursor, name, stranger)
        try:
            yield
        finally:
            with self._superuser() as cursor:
                self._comment(cursor, name, mark)

    def has_database(self, name):
        with self._superuser() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            return bool(cursor.fetchone())

    def _comment(self, cursor, name, text):
        quoted = psycopg2.extensions.quote_ident(name, cursor)
        cursor.execute(f"COMMENT ON ROLE {quoted} IS %s", [text])

    @contextlib.contextmanager
    def _superuser(self):
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=self.settings.ports["postgresql"],
            user="postgres",
            dbname="postgres",
            passfile=str(Path(self.run / "etc/pgpass")),
        )
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()
