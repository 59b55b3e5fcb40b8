"""PostgreSQL's data, settings, roles, and the master's database."""

import os

from . import certificates, files, release, swarm
from .commands import MINIMAL, run, try_run
from .folders import passwords
from .settings import CHECKOUT, PG_BIN

ROLES = ("postgres", "saas_owner", "saas_web", "saas_admin")
MAX_CONNECTIONS = 300  # as config/postgresql/postgresql.conf has it
# Not for tenants: the pools of `web` and `jobs`, set-up, dumps and people who look.
RESERVED_CONNECTIONS = 120


def prepare(settings):
    """Make the data folder once, and write the settings.

    :return: whether the server must be restarted
    """
    words = passwords(settings, ROLES)
    data = settings.run / "postgresql/data"
    if not (data / "PG_VERSION").exists():
        _init(settings, words["postgres"])
    bridge = swarm.gateway(settings) if settings.on_swarm else None
    address, network = bridge or ("", "")
    # Tenants check by it whom they tell their password.
    changes = [certificates.prepare(settings, address)] if bridge else []
    values = settings.placeholders() | {
        "addresses": f"127.0.0.1,{address}" if bridge else "127.0.0.1",
        "ssl": "on" if bridge else "off",
        "gateway_network": network,
    }
    rules = ("pg_hba.conf", "pg_hba_swarm.conf") if bridge else ("pg_hba.conf",)
    for name, parts in (
        ("postgresql.conf", ("postgresql.conf",)),
        ("pg_hba.conf", rules),
    ):
        text = "".join(files.render(f"postgresql/{part}", values) for part in parts)
        changes.append(files.write(settings.etc / name, text))
    return any(changes)


def is_ready(settings):
    """Tell whether the server takes connections."""
    port = str(settings.ports["postgresql"])
    command = [PG_BIN / "pg_isready", "-q", "-h", "127.0.0.1", "-p", port]
    return try_run(command).returncode == 0


def make_roles(settings):
    """Give each role its password and rights, and make the master's database."""
    words = passwords(settings, ROLES)
    # Passwords travel on stdin: arguments are readable by every user.
    secret_lines = "".join(f"\\set {role} '{words[role]}'\n" for role in ROLES)
    run_sql(settings, "postgres", "postgres", secret_lines + _read("roles.sql"))


def grant_to_web(settings):
    """Give `web` the rows of all tables, less those that are code.

    What it may write of the platform's own records is the master's to say, afterwards.
    """
    run_sql(settings, "saas_owner", "master", release.WEB_GRANTS.read_text())


def run_sql(settings, role, database, sql):
    """Run a script of SQL.

    :param str role: who runs it
    :return: its output, without decoration
    :rtype: str
    """
    options = ("-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database)
    return run_client(settings, "psql", role, *options, stdin=sql).strip()


def run_client(settings, program, role, *arguments, stdin=None):
    """Run one of PostgreSQL's programs on our server.

    :param str role: who logs in
    :return: its output
    :rtype: str
    """
    port = str(settings.ports["postgresql"])
    command = [PG_BIN / program, "-h", socket_folder(settings), "-p", port, "-U", role]
    environment = MINIMAL | {
        "PGPASSFILE": str(settings.etc / "pgpass"),
        "PGOPTIONS": "-c client_min_messages=warning",
    }
    return run([*command, *arguments], environment=environment, stdin=stdin)


def socket_folder(settings):
    """Return where the server's socket lies; nobody but its user can listen there.

    A tenant could take the port of a server that is down and ask for the password,
    and Debian's libpq does not know PGREQUIREAUTH.
    """
    return settings.run / "postgresql/socket"


def _init(settings, password):
    """Initialise aside, so that a killed run leaves no half data folder."""
    fresh = settings.run / "postgresql/.data.new"
    run(["rm", "-rf", fresh])
    files.make_folder(fresh, 0o700, "postgres", "postgres")
    word = fresh.with_name(".password")
    files.write(word, password, mode=0o400, owner="postgres")
    try:
        run(
            [PG_BIN / "initdb", "-D", fresh, "-U", "postgres", "-E", "UTF8",
             "--locale=C.UTF-8", "--auth=scram-sha-256", "--pwfile", word],
            user="postgres",
        )  # fmt: skip
    finally:
        word.unlink()
    data = settings.run / "postgresql/data"
    os.rmdir(data)
    fresh.rename(data)


def _read(name):
    return (CHECKOUT / "config/postgresql" / name).read_text()
