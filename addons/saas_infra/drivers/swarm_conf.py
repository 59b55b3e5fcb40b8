"""What a tenant on Swarm reads at its start: the content of its Docker secrets."""

import re
from string import Template

from .errors import PermanentInfraError
from .specs import service_of

# As seen from inside of the container
DIRECTORY = "/var/lib/odoo"
ADDONS = "/usr/lib/saasodoo/addons"
HTTP_PORT = 8069
SOCKET_PORT = 8072  # of web sockets, where there are workers
CONF = "/run/secrets/odoo.conf"
DATABASE_CA = "/run/secrets/database-ca.pem"
_POOL = 8  # db_maxconn in config/swarm/tenant.conf
_WORKER_MEMORY = 512 * 1024**2
_NAMES = re.compile(r"[a-z][a-z0-9_]{0,62}")
_LINE = re.compile(r"[^\x00-\x1f\x7f]*")


def secret_files(template, spec):
    """Return what the container finds below /run/secrets: text by path.

    :param str template: as for :func:`render`
    :rtype: dict[str, str]
    """
    files = {CONF: render(template, spec)}
    if authority := service_of(spec).database_ca:
        files[DATABASE_CA] = authority
    return files


def render(template, spec):
    """Fill in the template of odoo.conf.

    :param str template: text with the placeholders of config/swarm/tenant.conf
    :raise PermanentInfraError: where a value would be more than one line
    """
    service = service_of(spec)
    database, limits = service.database, service.limits
    workers = count_workers(limits)
    # Odoo's own limit is for one process; the container's is for all of them.
    memory = limits.memory // max(1, workers // 2)
    values = {
        "host": service.database_host,
        "database_port": service.database_port,
        "database": _name(database.name),
        "role": _name(database.role),
        "password": database.password,
        "sslmode": "verify-full" if service.database_ca else "prefer",
        "directory": DIRECTORY,
        "tenant_addons": ADDONS,
        "workers": workers,
        "memory_hard": memory,
        "memory_soft": memory * 4 // 5,
        "instance": service.mark.instance,
        "platform": service.mark.platform,
        "proxy_secret": service.proxy_secret,
        "public_keys": ",".join(service.public_keys),
        **mail_values(service.mail),
    }
    for key, value in values.items():
        if not _LINE.fullmatch(str(value)):
            raise PermanentInfraError(f"The {key} of {spec.name} is not one line.")
    return Template(template).substitute(values)


def mail_values(mail):
    """Return how Odoo sends mail; nothing listens where a tenant has no relay."""
    return {
        "smtp_server": mail.host if mail else "",
        "smtp_port": mail.port if mail else 25,
        "smtp_ssl": bool(mail and mail.tls),
        "smtp_user": mail.login if mail else "",
        "smtp_password": mail.password if mail else "",
        "mail_address": mail.address if mail else "",
    }


def count_workers(limits):
    """Return how many workers a plan has: two a core, none (threads) for small ones."""
    workers = min(int(limits.cpu * 2), limits.memory // _WORKER_MEMORY)
    return workers if workers > 2 else 0


def count_connections(limits):
    """Return how many connections a task may hold: db_maxconn is one process's.

    A worker and the process of scheduled actions work on one thing at a time, and need
    a second connection now and then.
    """
    workers = count_workers(limits)
    return (2 * (workers + 1) if workers else 0) + _POOL


def _name(text):
    if not _NAMES.fullmatch(text):
        raise PermanentInfraError(f"{text!r} is no name of a database or role.")
    return text
