"""The master: its database, and whether its two services are well."""

import http.client

from . import control_plane, files, postgresql, processes, release, upgrade_dump
from .accounts import JOBS
from .commands import MINIMAL, last_words, run
from .runner import Failure, wait_for

INSTALLED = """
SELECT name FROM ir_module_module WHERE state = 'installed' AND name = ANY ('{%s}')
"""
# The runner holds this session lock: queue_job's own way to be the only one.
RUNNERS = """
SELECT count(*) FROM pg_locks
 WHERE locktype = 'advisory'
   AND classid::bigint << 32 | objid::bigint = 2293787760715711918
   -- Tenants may hold whatever locks they like, each in its own database.
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def install_or_upgrade(settings):
    """Bring the master's database to our code, with both services down.

    :return: what was done, in words
    :raise Failure: when Odoo refuses, with its last words
    """
    wanted = settings.modules
    installed = installed_modules(settings, wanted)
    code = release.code_hash(settings)
    noted = settings.etc / "installed"
    if set(wanted) == installed and noted.exists() and noted.read_text() == code:
        upgrade_dump.forget(settings)
        return "unchanged"
    control_plane.of(settings).shut_down()
    if installed:
        _upgrade(settings, wanted, installed)
    else:
        _run_modules(settings, wanted, installed)
    _grant_to_web(settings)
    files.write(noted, code, mode=0o600)
    upgrade_dump.forget(settings)
    return f"{'upgraded' if installed else 'installed'} {', '.join(wanted)}"


def _upgrade(settings, wanted, installed):
    """Upgrade what is there, with a dump that brings it back.

    :raise Failure: with the log's last words and the command that restores
    """
    dump = upgrade_dump.keep(settings)
    log = settings.log / "install.log"
    size = log.stat().st_size
    try:
        _run_modules(settings, wanted, installed)
    except Failure as failure:
        with open(log, "rb") as file:
            file.seek(size)
            lines = file.read().decode(errors="replace").splitlines()
        said = "\n".join(line for line in lines if " INFO " not in line)
        words = last_words(said)[-500:] if said else failure.message
        raise Failure(
            f"the master's upgrade failed: {words}",
            f"read {log}; mend it and {settings.make()}, or go back to the release "
            f"before and to its data: {upgrade_dump.restore_command(settings, dump)}; "
            + settings.make(),
        ) from failure


def _run_modules(settings, wanted, installed):
    """Have Odoo install and upgrade, and look whether it did."""
    missing = [module for module in wanted if module not in installed]
    words = [("-i", missing), ("-u", sorted(installed))]
    arguments = [
        word for flag, names in words if names for word in (flag, ",".join(names))
    ]
    run_odoo(settings, *arguments, "--stop-after-init", log="install.log")
    lacking = set(wanted) - installed_modules(settings, wanted)
    if lacking:
        log = settings.log / "install.log"
        raise Failure(f"{', '.join(sorted(lacking))} did not install", f"read {log}")


def _grant_to_web(settings):
    """Give `web` the rows that it may write, with both services down."""
    postgresql.grant_to_web(settings)
    script = 'env["saas.guarded.mixin"]._grant_to_web()\nenv.cr.commit()\n'
    run_odoo(settings, "shell", stdin=script, log="install.log")


def installed_modules(settings, names):
    """Return which of some modules the master's database has.

    :rtype: set[str]
    """
    table = "SELECT to_regclass('public.ir_module_module')"
    if not postgresql.run_sql(settings, "saas_owner", "master", table):
        return set()
    sql = INSTALLED % ",".join(names)
    return set(postgresql.run_sql(settings, "saas_owner", "master", sql).split())


def run_odoo(
    settings, *arguments, stdin=None, log, conf="jobs.conf", database="master"
):
    """Run Odoo once, on the master's database, as `jobs` would.

    :param arguments: a command and options
    :param str stdin: a script for the command `shell`
    :param str log: the log's name
    :return: what it wrote beside its log
    """
    path = settings.log / log
    # Under a lock like a service, so that one left by a killed run is found and ended.
    lock = settings.run / "control-plane/locks/install.lock"
    command = ["flock", "-F", lock, settings.venv / "bin/odoo"]
    if arguments[0] == "shell":
        command, arguments = [*command, "shell"], arguments[1:]
    command += [
        "-c", settings.etc / conf, "-d", database, "--logfile", path,
        "--no-http", "--workers", "0", "--max-cron-threads", "0", *arguments,
    ]  # fmt: skip
    environment = MINIMAL | {
        "HOME": str(settings.run / "master"),
        "USER": JOBS,
        "PGREQUIREAUTH": "scram-sha-256",
    }
    try:
        return run(command, user=JOBS, environment=environment, stdin=stdin)
    except Failure as failure:
        message = failure.message.replace("flock", "odoo", 1)
        raise Failure(message, f"read {path}") from failure


def bring_up(settings):
    """Have both services run with the present code and configuration.

    :return: what was done, in words
    :raise Failure: when one of them does not come up
    """
    plane = control_plane.of(settings)
    return plane.bring_up(lambda: wait_until_up(settings))


def wait_until_up(settings):
    """Wait until both services answer and jobs are handed out."""
    ports = settings.ports
    for what, condition in (
        ("the service web", lambda: is_healthy(ports["web"])),
        ("the service jobs", lambda: is_healthy(ports["jobs"])),
        ("web's socket", lambda: processes.answers(ports["web_socket"])),
        ("the queue", lambda: runs_queue(settings)),
    ):
        name = "web" if "web" in what else "jobs"
        wait_for(condition, 90, what, f"read {settings.log}/{name}.log")


def runs_queue(settings):
    """Tell whether jobs are being handed out; they are not in the first 5 s."""
    return postgresql.run_sql(settings, "saas_owner", "master", RUNNERS) != "0"


def is_healthy(port, path="/web/health", seconds=5.0):
    """Tell whether an Odoo answers on a loopback port."""
    return status_of(port, path, seconds) == 200


def status_of(port, path, seconds=5.0, host="localhost"):
    """Return the HTTP status of a page, or 0 where nothing answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path, headers={"Host": host})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
