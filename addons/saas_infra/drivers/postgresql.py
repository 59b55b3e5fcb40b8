"""Roles and databases of tenants on one PostgreSQL server.

The admin login is no superuser (CREATEDB CREATEROLE, pg_read_all_stats,
pg_signal_backend, SET on ``temp_file_limit``, CONNECT on ``postgres``). It is a member
of a tenant's role only while it clones, renames or drops: a finished tenant's role has
no member. Of a template's role it stays one, as clones are made at the same time.
"""

from psycopg2 import errors, extensions, sql

from . import identity as identity_sql
from .errors import NotFound
from .pg_statements import PostgresqlStatements
from .specs import DatabaseState, RoleState

STATEMENT_TIMEOUT = "15min"
IDLE_IN_TRANSACTION_TIMEOUT = "10min"
TEMP_FILE_LIMIT = "1GB"  # for each connection; the tenant cannot raise it

_LIST = """
    SELECT d.datname,
           shobj_description(d.datdba, 'pg_authid'),
           shobj_description(d.oid, 'pg_database'),
           coalesce(pg_database_size(d.oid), 0),
           (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.oid)
      FROM pg_database d"""
_PING = """
    SELECT current_setting('server_version_num')::int / 10000,
           current_setting('max_connections')::int, count(*),
           coalesce(sum(pg_database_size(oid)), 0)::bigint
      FROM pg_database WHERE datname NOT IN ('template0', 'template1')"""


class PostgresqlDriver(PostgresqlStatements):
    """One PostgreSQL server.

    :param str host: where it listens
    :param int port: its port
    :param str login: the admin login
    :param str password: its password
    :param str platform: UUID of this platform; objects of others are left alone
    :param float timeout: seconds for a connection; a statement may take six times
        as long
    """

    # What is there

    def ping(self):
        """Tell how the server is.

        :return: version (major), max_connections, databases, bytes
        :rtype: dict
        """
        with self._cursor() as cursor:
            cursor.execute(_PING)
            keys = ("version", "max_connections", "databases", "bytes")
            return dict(zip(keys, cursor.fetchone(), strict=True))

    def list_databases(self):
        """List the databases that carry this platform's mark, in one query.

        :return: states by name
        :rtype: dict[str, DatabaseState]
        """
        with self._cursor() as cursor:
            cursor.execute(_LIST)
            rows = cursor.fetchall()
        return {
            name: DatabaseState(name=name, mark=mark, size=size, connections=count)
            for name, of_owner, comment, size, count in rows
            if (mark := self._our_mark(of_owner) or self._our_mark(comment))
        }

    def list_roles(self):
        """List the roles that carry this platform's mark, in one query.

        :return: states by name
        :rtype: dict[str, RoleState]
        """
        with self._cursor() as cursor:
            cursor.execute(
                "SELECT rolname, shobj_description(oid, 'pg_authid'), rolconnlimit "
                "FROM pg_roles"
            )
            rows = cursor.fetchall()
        return {
            name: RoleState(name=name, mark=mark, connection_limit=limit)
            for name, note, limit in rows
            if (mark := self._our_mark(note))
        }

    # Roles

    def ensure_role(self, spec):
        """Make the tenant's role, or set it straight again.

        :param DatabaseSpec spec: the tenant's database
        :raise NotOurs: where a role of that name carries another mark
        """
        with self._cursor() as cursor:
            role = sql.Identifier(spec.role)
            cursor.execute("BEGIN")
            if not self._owns_role(cursor, spec):
                cursor.execute(sql.SQL("CREATE ROLE {}").format(role))
                self._comment(cursor, "ROLE", spec.role, spec.mark)
            # The server and its log see a verifier, never the password.
            verifier = extensions.encrypt_password(
                spec.password, spec.role, cursor.connection, "scram-sha-256"
            )
            cursor.execute(
                sql.SQL(
                    "ALTER ROLE {} NOCREATEDB NOCREATEROLE LOGIN "
                    "CONNECTION LIMIT {} PASSWORD %s"
                ).format(role, sql.Literal(int(spec.connection_limit))),
                [verifier],
            )
            for setting, value in (
                ("statement_timeout", STATEMENT_TIMEOUT),
                ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_TIMEOUT),
                ("temp_file_limit", TEMP_FILE_LIMIT),
            ):
                cursor.execute(
                    sql.SQL("ALTER ROLE {} SET {} = %s").format(
                        role, sql.Identifier(setting)
                    ),
                    [value],
                )
            cursor.execute("COMMIT")

    def remove_role(self, spec):
        """Drop the tenant's role once its databases are gone.

        A neighbour may hold it fast by granting it something: then it is retired.

        :raise NotOurs: where a role of that name carries another mark
        """
        with self._cursor() as cursor:
            if not self._owns_role(cursor, spec):
                return
            try:
                cursor.execute(
                    sql.SQL("DROP ROLE {}").format(sql.Identifier(spec.role))
                )
            except errors.DependentObjectsStillExist:
                self._retire(cursor, spec)

    # Databases

    def ensure_database(self, spec, template=None, template_role=None):
        """Make the tenant's database, or finish it after a crash.

        A clone belongs to the tenant's role, which tells whose it is; that it is
        finished is noted last, at the role. An empty database (no template) is one to
        build a template in: it belongs to the admin, as REASSIGN OWNED moves every
        database of a role, and the role may only create objects in it.

        :param DatabaseSpec spec: the database; its role exists
        :param str|None template: name of the database to clone
        :param str|None template_role: owner of the objects in it
        :raise NotOurs: where a database of that name carries another mark
        """
        with self._cursor() as cursor:
            found = self._find(cursor, spec)
            if not found:
                self._create(cursor, spec, template)
            if template is None:
                self._open_for_building(cursor, spec, found)
            elif not (found and found.is_finished):
                self._finish_clone(cursor, spec, template_role)

    def set_identity(self, spec, identity):
        """Make a clone somebody of its own, before Odoo opens it.

        Done as the tenant's own role, in one transaction; a clone that has this
        identity already is left alone.

        :param DatabaseSpec spec: the clone
        :param Identity identity: who it becomes
        """
        with self._cursor(spec.name, spec.role, spec.password) as cursor:
            identity_sql.apply(cursor, identity)

    def close_template(self, spec):
        """Close a finished template to connections and end those that it has."""
        with self._cursor() as cursor:
            if not self._find(cursor, spec):
                raise NotFound(f"There is no database {spec.name}.")
            self._allow_connections(cursor, spec.name, False)
            self._end_connections(cursor, spec.name)

    def rename_database(self, spec, new_name):
        """Give the tenant's database another name; its connections end.

        :raise NotFound: where neither name exists
        """
        with self._cursor() as cursor:
            if self._find(cursor, spec, new_name):
                if self._is_member(cursor, spec.role):
                    self._leave(cursor, spec.role)
                return
            if not self._find(cursor, spec):
                raise NotFound(f"There is no database {spec.name}.")
            with self._membership(cursor, spec.role):
                self._end_connections(cursor, spec.name)
                cursor.execute(
                    sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                        sql.Identifier(spec.name), sql.Identifier(new_name)
                    )
                )

    def remove_database(self, spec, name=None):
        """Drop the tenant's database with its connections ended.

        :param str|None name: another database of the same tenant
        :raise NotOurs: where the database carries another mark
        """
        name = name or spec.name
        with self._cursor() as cursor:
            if not self._find(cursor, spec, name):
                return
            with self._membership(cursor, spec.role):
                self._make_droppable(cursor, name)
                cursor.execute(
                    sql.SQL("DROP DATABASE {} WITH (FORCE)").format(
                        sql.Identifier(name)
                    )
                )

    # Steps of ensure_database

    def _create(self, cursor, spec, template):
        """Create it closed and owned by the marked role: so it is ours at once."""
        with self._membership(cursor, spec.role):
            cursor.execute(
                sql.SQL(
                    "CREATE DATABASE {} OWNER {} TEMPLATE {} ENCODING 'UTF8' "
                    "ALLOW_CONNECTIONS false"
                ).format(
                    sql.Identifier(spec.name),
                    sql.Identifier(spec.role),
                    sql.Identifier(template or "template0"),
                )
            )

    def _finish_clone(self, cursor, spec, template_role):
        self._join(cursor, template_role)
        with self._membership(cursor, spec.role):
            self._close_to_public(cursor, spec.name)
            self._allow_connections(cursor, spec.name, True)
            with self._cursor(spec.name) as inside:
                old, new = sql.Identifier(template_role), sql.Identifier(spec.role)
                inside.execute("BEGIN")
                inside.execute(sql.SQL("REASSIGN OWNED BY {} TO {}").format(old, new))
                inside.execute(
                    sql.SQL("REVOKE ALL ON SCHEMA public FROM {}").format(old)
                )
                inside.execute("COMMIT")
            self._comment(cursor, "DATABASE", spec.name, spec.mark)
        self._note_finished(cursor, spec)

    def _open_for_building(self, cursor, spec, found):
        if found and not found.is_open and found.is_finished:
            return  # closed: the template is ready
        name, role = sql.Identifier(spec.name), sql.Identifier(spec.role)
        self._join(cursor, spec.role)
        self._close_to_public(cursor, spec.name)
        self._allow_connections(cursor, spec.name, True)
        self._comment(cursor, "DATABASE", spec.name, spec.mark)
        cursor.execute(sql.SQL("ALTER DATABASE {} OWNER TO CURRENT_USER").format(name))
        cursor.execute(
            sql.SQL("GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {} TO {}").format(
                name, role
            )
        )
        with self._cursor(spec.name) as inside:
            inside.execute(
                sql.SQL("GRANT USAGE, CREATE ON SCHEMA public TO {}").format(role)
            )
