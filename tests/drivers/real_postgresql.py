"""A PostgreSQL server that set-up made, with an admin login like the platform's."""

import os
from contextlib import closing, contextmanager, suppress
from uuid import uuid4

import psycopg2
from drivers.postgresql import PostgresqlDriver
from psycopg2 import sql


class RealPostgresql:
    """The server named by SAASODOO_TEST_PG_*, where its superuser is known."""

    def __init__(self, platform):
        self.platform = platform
        self.host = os.environ.get("SAASODOO_TEST_PG_HOST", "127.0.0.1")
        self.port = int(os.environ.get("SAASODOO_TEST_PG_PORT", "15432"))
        self._user = os.environ.get("SAASODOO_TEST_PG_USER", "postgres")
        self._password = os.environ.get("SAASODOO_TEST_PG_PASSWORD", "")
        self.login = f"admin_{uuid4().hex[:8]}"
        self.password = uuid4().hex

    @classmethod
    @contextmanager
    def started(cls, platform):
        server = cls(platform)
        with server.with_login():
            yield server

    @contextmanager
    def with_login(self):
        """Have the admin login for a while, and drop all that it made."""
        login = sql.Identifier(self.login)
        with self.connect() as cursor:
            cursor.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD %s").format(
                    login
                ),
                [self.password],
            )
            cursor.execute(
                sql.SQL("GRANT pg_read_all_stats, pg_signal_backend TO {}").format(
                    login
                )
            )
            cursor.execute(
                sql.SQL("GRANT SET ON PARAMETER temp_file_limit TO {}").format(login)
            )
            cursor.execute(
                sql.SQL("GRANT CONNECT ON DATABASE postgres TO {}").format(login)
            )
        try:
            yield
        finally:
            self.clean()

    def driver(self, **values):
        """Make a driver of it."""
        settings = {
            "host": self.host,
            "port": self.port,
            "login": self.login,
            "password": self.password,
            "platform": self.platform,
        }
        return PostgresqlDriver(**settings | values)

    @contextmanager
    def connect(self, database="postgres", login=None, password=None):
        """Connect, as the superuser unless told otherwise."""
        connection = psycopg2.connect(
            host=self.host,
            port=self.port,
            dbname=database,
            user=login or self._user,
            password=password or self._password,
        )
        with closing(connection):
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor

    def query(self, statement, values=(), **connection):
        with self.connect(**connection) as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else None

    def has_database(self, name):
        return bool(self.query("SELECT 1 FROM pg_database WHERE datname = %s", [name]))

    def clean(self):
        """Drop whatever this run made."""
        mine = f"saasodoo:{self.platform}:%"
        databases = self.query(
            "SELECT datname FROM pg_database d JOIN pg_roles r ON r.oid = datdba "
            "WHERE rolname = %s OR shobj_description(r.oid, 'pg_authid') LIKE %s",
            [self.login, mine],
        )
        roles = self.query(
            "SELECT rolname FROM pg_roles "
            "WHERE shobj_description(oid, 'pg_authid') LIKE %s",
            [mine],
        )
        with self.connect() as cursor:
            for (name,) in databases:
                cursor.execute(
                    sql.SQL("DROP DATABASE {} WITH (FORCE)").format(
                        sql.Identifier(name)
                    )
                )
            for (name,) in (*roles, (self.login,)):
                with suppress(psycopg2.errors.UndefinedObject):
                    role = sql.Identifier(name)
                    cursor.execute(sql.SQL("DROP OWNED BY {}").format(role))
                    cursor.execute(sql.SQL("DROP ROLE {}").format(role))
