"""What the PostgreSQL driver is made of: connections, marks and statements."""

import logging
from contextlib import contextmanager, suppress
from typing import NamedTuple
from uuid import uuid4

import psycopg2
from psycopg2 import sql

from .errors import NotOurs, PermanentInfraError
from .pg_connection import connect
from .pg_errors import translate
from .specs import Mark

_logger = logging.getLogger(__name__)

MAINTENANCE = "postgres"

# A tenant owns its database and may write any COMMENT on it, or none; that of its role
# it cannot touch. So the owner's counts first: the mark, then the oid of each finished
# clone. The database's own counts only below the admin's, where templates are.
_LOOK = """
    SELECT shobj_description(d.datdba, 'pg_authid'),
           shobj_description(d.oid, 'pg_database'), d.oid::text, d.datallowconn
      FROM pg_database d WHERE d.datname = %s"""
_IS_MEMBER = """
    SELECT 1 FROM pg_auth_members
     WHERE roleid = to_regrole(quote_ident(%s)) AND member = current_user::regrole"""

_WHAT_HOLDS = """
    SELECT coalesce(d.datname, 'all databases'), s.deptype = 'o' AND s.dbid = 0
      FROM pg_shdepend s LEFT JOIN pg_database d ON d.oid =
           CASE s.classid WHEN 'pg_database'::regclass THEN s.objid ELSE s.dbid END
     WHERE s.refclassid = 'pg_authid'::regclass
       AND s.refobjid = to_regrole(quote_ident(%s))"""


class _Found(NamedTuple):
    mark: Mark
    is_finished: bool
    is_open: bool


class PostgresqlStatements:
    """One server, as its admin login sees it."""

    def __init__(self, *, host, port, login, password, platform, timeout=10.0):
        self._address = {"host": host, "port": port}
        self._login = login
        self._password = password
        self._platform = platform
        self._timeout = timeout

    # Statements

    def _close_to_public(self, cursor, name):
        cursor.execute(
            sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(
                sql.Identifier(name)
            )
        )

    def _allow_connections(self, cursor, name, allowed):
        cursor.execute(
            sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(
                sql.Identifier(name), sql.Literal(allowed)
            )
        )

    def _end_connections(self, cursor, name):
        # The server's own cleaners have no user: only a superuser may end them, and the
        # server does where they are in the way.
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = %s AND pid <> pg_backend_pid() AND usesysid IS NOT NULL",
            [name],
        )
        cursor.fetchall()

    def _make_droppable(self, cursor, name):
        # A tenant may have called its database a template. One that was half dropped
        # is none, and takes no ALTER.
        cursor.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate", [name]
        )
        if cursor.fetchone():
            cursor.execute(
                sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(
                    sql.Identifier(name)
                )
            )

    def _note_finished(self, cursor, spec):
        cursor.execute(_LOOK, [spec.name])
        of_role, _, oid, _ = cursor.fetchone()
        self._comment(cursor, "ROLE", spec.role, f"{of_role} {oid}")

    def _comment(self, cursor, kind, name, mark):
        cursor.execute(
            sql.SQL("COMMENT ON {} {} IS %s").format(
                sql.SQL(kind), sql.Identifier(name)
            ),
            [str(mark)],
        )

    def _join(self, cursor, role):
        if not self._is_member(cursor, role):
            cursor.execute(
                sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role))
            )

    def _leave(self, cursor, role):
        cursor.execute(
            sql.SQL("REVOKE {} FROM CURRENT_USER").format(sql.Identifier(role))
        )

    def _is_member(self, cursor, role):
        cursor.execute(_IS_MEMBER, [role])
        return bool(cursor.fetchone())

    @contextmanager
    def _membership(self, cursor, role):
        """Be a member of a tenant's role for a moment."""
        self._join(cursor, role)
        try:
            yield
        except Exception:
            with suppress(psycopg2.Error):  # what went wrong first is what counts
                self._leave(cursor, role)
            raise
        self._leave(cursor, role)

    def _retire(self, cursor, spec):
        """Leave of a role that cannot be dropped a name that nobody asks for.

        :raise PermanentInfraError: where it owns a database
        """
        cursor.execute(_WHAT_HOLDS, [spec.role])
        held = cursor.fetchall()
        names = ", ".join(sorted({name for name, _ in held}))
        if any(is_owner for _, is_owner in held):
            raise PermanentInfraError(f"The role {spec.role} owns {names}.")
        old, name = sql.Identifier(spec.role), f"retired_{uuid4().hex}"
        cursor.execute("BEGIN")
        cursor.execute(
            sql.SQL("ALTER ROLE {} NOLOGIN CONNECTION LIMIT 0 PASSWORD NULL").format(
                old
            )
        )
        # Without the mark it is listed no more.
        self._comment(cursor, "ROLE", spec.role, f"retired {spec.mark}")
        cursor.execute(
            sql.SQL("ALTER ROLE {} RENAME TO {}").format(old, sql.Identifier(name))
        )
        cursor.execute("COMMIT")
        _logger.warning(
            "The role %s is %s now: it was granted something in %s.",
            *(spec.role, name, names),
        )

    # Ours or not

    def _our_mark(self, comment):
        mark = _mark_in(comment)
        return mark if mark and mark.platform == self._platform else None

    def _find(self, cursor, spec, name=None):
        """Look a database up.

        :return: what was found, None where there is none
        :raise NotOurs: where it carries another mark
        """
        name = name or spec.name
        cursor.execute(_LOOK, [name])
        row = cursor.fetchone()
        if not row:
            return None
        of_owner, comment, oid, is_open = row
        owner = _mark_in(of_owner)
        mark = owner or _mark_in(comment)
        if mark != spec.mark:
            raise NotOurs(f"The database {name} exists and is not this instance's.")
        is_finished = oid in of_owner.split()[1:] if owner else comment is not None
        return _Found(mark, is_finished, is_open)

    def _owns_role(self, cursor, spec):
        cursor.execute(
            "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles "
            "WHERE rolname = %s",
            [spec.role],
        )
        row = cursor.fetchone()
        if row and _mark_in(row[0]) != spec.mark:
            raise NotOurs(f"The role {spec.role} exists and is not this instance's.")
        return bool(row)

    # Connections

    @contextmanager
    def _cursor(self, database=MAINTENANCE, login=None, password=None):
        """Open a connection of its own, in autocommit.

        :raise InfraError: whatever psycopg2 raises, translated
        """
        try:
            with connect(
                **self._address,
                dbname=database,
                user=login or self._login,
                password=password or self._password,
                timeout=self._timeout,
            ) as cursor:
                yield cursor
        except psycopg2.Error as error:
            raise translate(error) from error


def _mark_in(comment):
    return Mark.parse((comment or "").partition(" ")[0])
