"""Who listens on a port of this machine: a tenant's process may, while it is free."""

import pwd
from contextlib import suppress
from pathlib import Path

LISTEN = "0A"
TABLES = ("/proc/net/tcp", "/proc/net/tcp6")


def find_nameless(port):
    """Return the id of a user without a name who listens on a port, or None.

    Tenants' users have a number alone; the master's proxy, and whatever an operator
    puts before it, runs as a user that the machine knows.

    :param int port: of any address of this machine
    """
    for user in _listening_users(port):
        try:
            pwd.getpwuid(user)
        except KeyError:
            return user
    return None


def _listening_users(port):
    for table in TABLES:
        with suppress(OSError):  # no IPv6, or no Linux
            for line in Path(table).read_text().splitlines()[1:]:
                _, local, _, state, _, _, _, user, *_ = line.split()
                if state == LISTEN and int(local.rpartition(":")[2], 16) == port:
                    yield int(user)
