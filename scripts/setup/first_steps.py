"""What makes an installed master a working platform: records, template, instance."""

import hashlib
import json
import socket
import subprocess
from pathlib import Path

from . import (
    administrator,
    edge,
    files,
    images,
    killbill,
    mail,
    master,
    release,
    swarm,
)
from .commands import last_words, own_environment, try_run
from .folders import passwords
from .postgresql import MAX_CONNECTIONS, RESERVED_CONNECTIONS, ROLES
from .runner import Failure
from .settings import CHECKOUT

IN_ODOO = Path(__file__).with_name("in_odoo.py")
SAASCTL = CHECKOUT / "scripts/saasctl"
FINISHED = {"done", "failed", "discarded"}


def make_records(settings):
    """Tell the master about the machine that it stands on.

    :return: what was done, in words
    """
    facts = embedded_facts(settings)
    script = IN_ODOO.read_text()
    state = hashlib.sha256(
        (json.dumps(facts) + script + release.code_hash(settings)).encode()
    ).hexdigest()
    noted, room = settings.etc / "records", settings.etc / "room"
    if noted.exists() and noted.read_text() == state:
        return "unchanged"
    password = "" if noted.exists() else administrator.first_password(settings)
    # People may edit the node's room in the backend: it is told where it changed here.
    told = f"{settings.cores} cores, {settings.memory_mb} MiB\n"
    facts["room_changed"] = not room.exists() or room.read_text() != told
    header = f"facts = {facts!r}\nadmin_password = {password!r}\n"
    master.run_odoo(settings, "shell", stdin=header + script, log="install.log")
    files.write(room, told)
    files.write(noted, state, mode=0o600)
    return "done"


def embedded_facts(settings):
    """Return what the master must know of this machine to put tenants on it."""
    facts = {
        "runtime": settings.runtime,
        "node": socket.gethostname() if settings.on_swarm else "localhost",
        "master_url": settings.master_url,
        "base_domain": settings.base_domain,
        "scheme": "https" if settings.on_swarm else "http",
        "public_port": settings.ports["tenants"],
        "proxy_address": "127.0.0.1",
        "storage_root": str(settings.run / "storage"),
        "database_host": "127.0.0.1",
        "database_port": settings.ports["postgresql"],
        "database_login": "saas_admin",
        "database_password": passwords(settings, ROLES)["saas_admin"],
        "database_max_connections": MAX_CONNECTIONS - RESERVED_CONNECTIONS,
        "uid_base": settings.uid_base,
        "uid_count": settings.uid_count,
        "port_base": settings.tenant_ports.start,
        "port_count": len(settings.tenant_ports),
        "cores": settings.cores,
        "memory_mb": settings.memory_mb,
        **mail.describe(settings),
    }
    if settings.with_killbill:
        facts["killbill"] = killbill.describe(settings)
    if settings.on_swarm:
        host = settings.docker_host
        facts["image"] = images.find_or_build(settings, "tenant", host)
        facts |= swarm.describe(settings) | edge.describe(settings)
    return facts


def log_in(settings):
    """Give the operators' command line its key.

    :return: what was done, in words
    """
    if try_saasctl(settings, "plan", "list")[0] == 0:
        return "unchanged"
    saasctl(settings, "login")
    return "key made"


def build_template(settings):
    """Build the template that instances are cloned from, once.

    :return: what was done, in words
    """
    if any(found["state"] == "ready" for found in _list(settings, "template")):
        return "unchanged"
    operations = _list(settings, "operation")
    builds = [o for o in operations if o["kind"] == "build_template" and goes_on(o)]
    if builds:
        follow(settings, builds[0])
    else:
        saasctl(settings, "template", "build", "--wait")
    return "built"


def set_up_billing(settings):
    """Make the platform a tenant of its Kill Bill, and publish the plans.

    :return: what was done, in words
    """
    told = json.loads(saasctl(settings, "billing", "setup", "--json"))
    return "published" if told["answer"]["changes"] else "unchanged"


def goes_on(operation):
    """Tell whether an operation, as the command line shows it, has an end to come."""
    return operation["state"] not in FINISHED


def follow(settings, operation):
    """Wait for the end of an operation that an interrupted run asked for."""
    saasctl(settings, "operation", "show", str(operation["id"]), "--wait")


def saasctl(settings, *arguments):
    """Run the operators' command line.

    :return: what it printed
    :raise Failure: when it does not end with 0
    """
    code, output, complaint = try_saasctl(settings, *arguments)
    if code:
        message, cure = _read_error(output) or (last_words(complaint or output), "")
        words = f"saasctl {' '.join(arguments[:2])}: {message}"
        raise Failure(words, cure or "make doctor")
    return output


def _read_error(output):
    """Return message and cure of what `--json` tells; None where it is no such."""
    try:
        error = json.loads(output)["error"]
        return error["message"], error.get("cure")
    except (ValueError, KeyError, TypeError):
        return None


def try_saasctl(settings, *arguments):
    """Run the operators' command line.

    :return: its exit code, its stdout and its stderr
    """
    result = try_run(
        [SAASCTL, *arguments],
        environment=own_environment(RUN_DIR=str(settings.run), NO_COLOR="1"),
        stderr=subprocess.PIPE,
    )
    return result.returncode, result.stdout, result.stderr


def _list(settings, kind):
    answer = json.loads(saasctl(settings, kind, "list", "--json"))
    return answer["records"] if isinstance(answer, dict) else answer
