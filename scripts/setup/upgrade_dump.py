"""A dump of the master's database before each upgrade, to take back one that fails."""

import os
import time
from pathlib import Path

from . import files, postgresql

KEPT = 3


def keep(settings):
    """Dump the master's database, once for an upgrade however often it is tried.

    A try that failed may have left the database half upgraded: its dump would push the
    good one out.

    :return: the dump
    :rtype: Path
    """
    noted = _note(settings)
    if noted.exists() and Path(noted.read_text()).exists():
        return Path(noted.read_text())
    folder = settings.run / "backup"
    files.make_folder(folder, 0o700)
    draft = folder / ".master.new"
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    postgresql.run_client(settings, "pg_dump", "postgres", "-Fc", "-f", draft, "master")
    dump = folder / f"master-{time.strftime('%Y%m%d-%H%M%S')}.dump"
    os.replace(draft, dump)
    files.write(noted, str(dump), mode=0o600)
    for old in sorted(folder.glob("master-*.dump"))[:-KEPT]:
        old.unlink()
    return dump


def forget(settings):
    """Have the next upgrade make a dump of its own: this one is done, or taken back."""
    _note(settings).unlink(missing_ok=True)


def restore_command(settings, dump):
    """Return what root types to have the master's database as it was dumped."""
    return (
        f"PGPASSFILE={settings.etc}/pgpass "
        f"{postgresql.PG_BIN}/pg_restore -h {postgresql.socket_folder(settings)} "
        f"-p {settings.ports['postgresql']} -U postgres -d postgres "
        f"--clean --if-exists --create {dump}"
    )


def _note(settings):
    return settings.etc / "upgrading"
