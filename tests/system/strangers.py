"""Somebody hostile: a tenant's own user and role, or `web` after a break-in."""

import configparser
import contextlib
import json
import os
import pwd
import subprocess
from pathlib import Path

import psycopg2

MASTER = "master"


class Role:
    """A role of the platform's PostgreSQL with its password."""

    def __init__(self, platform, name, password):
        self.name = name
        self.password = password
        self._port = int(platform.setting("PORT_BASE")) + 32

    @contextlib.contextmanager
    def connect(self, database):
        """Open a connection in autocommit, and close it."""
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=self._port,
            dbname=database,
            user=self.name,
            password=self.password,
            connect_timeout=10,
        )
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            yield cursor

    def sql(self, database, statement, parameters=None):
        """Run a statement.

        :return: its rows; none where it returns nothing
        :raise psycopg2.Error: what the server said
        """
        with self.connect(database) as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []


def role_of(platform, name):
    """Return a role of the platform itself, as root knows it."""
    for line in (platform.run_dir / "etc/pgpass").read_text().splitlines():
        *_, role, password = line.split(":")
        if role == name:
            return Role(platform, name, password)
    raise KeyError(name)


class Tenant:
    """An instance as whoever took it over: its user, its files, its role."""

    def __init__(self, platform, instance):
        self.instance = instance
        self.uuid, self.database = instance["uuid"], instance["database"]
        [self.directory] = platform.run_dir.glob(
            f"storage/odoo_instances/*_{self.uuid}"
        )
        self.uid = json.loads((self.directory / ".saasodoo").read_text())["uid"]
        self.conf = self.directory / "odoo.conf"
        parser = configparser.RawConfigParser()
        parser.read(self.conf)
        self.options = dict(parser["options"])
        self.secret = parser["saas_tenant"]["proxy_secret"]
        self.port = int(self.options["http_port"])
        self.role = Role(platform, self.options["db_user"], self.options["db_password"])
        self.service = f"odoo_{self.database.rpartition('_')[2]}"
        self.log = platform.run_dir / f"log/tenants/{self.service}.log"

    def sql(self, statement, parameters=None, database=None):
        """Run a statement as the tenant's role, in its database unless told."""
        return self.role.sql(database or self.database, statement, parameters)

    def run(self, *command, stdin=None):
        """Run a program as the tenant's user, with the power that its Odoo has."""
        power = ("setpriv", "--reuid", self.uid, "--regid", self.uid, "--clear-groups")
        power += ("--no-new-privs", "--inh-caps=-all", "--bounding-set=-all")
        return run(*power, *command, stdin=stdin)

    def pids(self):
        """Return the processes of the tenant's user."""
        return processes_of(self.uid)


def run(*command, stdin=None, user=None, seconds=120):
    """Run a program to its end with a minimal environment, as root unless told."""
    identity = {}
    if user:
        entry = pwd.getpwnam(user)
        groups = os.getgrouplist(user, entry.pw_gid)
        identity = {"user": user, "group": entry.pw_gid, "extra_groups": groups}
    return subprocess.run(
        [str(word) for word in command],
        input=stdin,
        capture_output=True,
        text=True,
        errors="replace",
        cwd="/",
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
        timeout=seconds,
        check=False,
        **identity,
    )


def processes_of(uid):
    """Return the process ids of a numeric user."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == uid:
                found.append(int(folder.name))
    return found


def helper(platform, verb, **arguments):
    """Call the root helper as `jobs` does."""
    program = platform.run_dir / "code/bin/root-helper"
    request = json.dumps({"verb": verb, "arguments": arguments, "seconds": 25})
    done = run("sudo", "-n", program, stdin=request, user="saas-jobs")
    return json.loads(done.stdout)


def mark_of(platform, tenant):
    """Return the mark that the tenant's outside objects carry."""
    return f"saasodoo:{platform.setting('PLATFORM_UUID')}:{tenant.uuid}"
