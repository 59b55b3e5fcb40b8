"""Tenants' programs: a file for supervisor, an odoo.conf, a lock and a log each."""

import fcntl
import hashlib
import os
import re
from contextlib import contextmanager
from pathlib import Path
from string import Template

from . import checks, directories, listeners
from .errors import NotOurs, Permanent

_HEADER = re.compile(r"; (?P<mark>\S+) uid=(?P<uid>\d+) port=(?P<port>\d+)\n")
MEGABYTE = 1 << 20

PROCESSES = 512  # with their threads; one for each open web socket
ADDRESS_SPACE = (
    3  # times the memory: Odoo keeps itself below once, and could raise that
)

# The tenant's user, no capability, nothing of root's environment; temporary files are
# measured and removed with its directory. The lock keeps a second copy waiting when the
# first outlived its supervisor (an orphan).
_PROGRAM = """\
; $mark uid=$uid port=$port
[program:$name]
process_name=$process
command=/bin/sh -c "exec env -i HOME=$directory TMPDIR=$directory/tmp \
USER=$name LOGNAME=$name \
PATH=$venv/bin:/usr/bin:/bin LANG=C.UTF-8 PGREQUIREAUTH=scram-sha-256 \
prlimit --nproc=$processes --as=$address_space setpriv --reuid $uid --regid $uid \
--clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all flock -F $lock \
$venv/bin/python $launcher $arguments >>$log 2>&1"
directory=/
umask=077
autostart=$autostart
autorestart=$autorestart
startsecs=$startsecs
startretries=$startretries
stopwaitsecs=20
stopasgroup=true
killasgroup=true
stdout_logfile=NONE
stderr_logfile=NONE
"""
_SERVICE = {"autorestart": "true", "startsecs": 3, "startretries": 1000}
_TASK = {"autorestart": "false", "startsecs": 0, "startretries": 0}


def write(settings, name, mark, uid, port, directory, odoo, task=None):
    """Write what a service or a task needs to run.

    :param dict odoo: what its odoo.conf says
    :param dict|None task: verb, modules, languages
    :return: group and process, as supervisor will know them, and whether there was no
        such program before: then nothing of it can be running
    """
    checks.text("program", name)
    checks.mark(settings, mark)
    checks.number("uid", uid, settings.uids)
    checks.number("port", port, settings.ports)
    with _alone(settings):
        new = own(settings, name, mark) is None
        _check_free(settings, name, mark, uid, port)
        path = directories.find(settings, checks.text("directory", directory), mark)
        if directories.read_marker(path)["uid"] != uid:
            raise Permanent(f"The directory {directory} is not of user {uid}.")
        directories.make_own_folders(path, uid)
        conf = _render_conf(settings, mark, port, path, **odoo)
        directories.write_file(path / "odoo.conf", conf, 0o640, gid=uid)
        _make_files(settings, name, uid)
        values = _SERVICE | {"arguments": f"-c {path}/odoo.conf", "autostart": "true"}
        if task:
            values = _TASK | {"autostart": "false"}
            values["arguments"] = _task_arguments(f"{path}/odoo.conf", **task)
        program = Template(_PROGRAM).safe_substitute(
            values,
            **_places(settings, name),
            mark=mark,
            uid=uid,
            port=port,
            name=name,
            directory=path,
            processes=PROCESSES,
            address_space=ADDRESS_SPACE * odoo["memory"],
        )
        # The name says which files it runs with, and its limit: seen in supervisor's
        # one listing.
        digest = hashlib.sha256((conf + program).encode()).hexdigest()[:12]
        _, platform, instance = mark.split(":")
        kind = "task" if task else "service"
        process = f"{kind}.{platform}.{instance}.{digest}.{odoo['memory']}"
        program = Template(program).substitute(process=process)
        directories.write_file(_file(settings, name), program, 0o600)
        listeners.apply(settings, headers(settings))
    return {"group": name, "process": process, "new": new}


def keep_stopped(settings, name, mark):
    """Have a program stay stopped when its supervisor starts again."""
    with _alone(settings):
        if own(settings, name, mark):
            path = _file(settings, name)
            content = path.read_text().replace("autostart=true", "autostart=false")
            directories.write_file(path, content, 0o600)


def remove(settings, name, mark, directory):
    """Remove a program with its lock, log and configuration."""
    with _alone(settings):
        checks.text("directory", directory)
        if not own(settings, name, mark):
            return
        try:
            conf = directories.find(settings, directory, mark) / "odoo.conf"
            conf.unlink(missing_ok=True)
        except Permanent:
            pass  # the directory is gone already
        places = _places(settings, name)
        for path in (places["lock"], places["log"], _file(settings, name)):
            Path(path).unlink(missing_ok=True)
        listeners.apply(settings, headers(settings))


def list_all(settings):
    """List this platform's programs: what is removed last of each tells of all."""
    ours = f"saasodoo:{settings.platform}:"
    found = {name: header["mark"] for name, header in headers(settings)}
    return {
        "programs": {
            name: mark for name, mark in found.items() if mark.startswith(ours)
        }
    }


def own(settings, name, mark):
    """Look a program up.

    :return: its header (mark, uid, port), None where there is none
    :raise NotOurs: where it carries another mark
    """
    checks.text("program", name)
    checks.mark(settings, mark)
    found = _header(_file(settings, name))
    if found and found["mark"] != mark:
        raise NotOurs(f"The program {name} exists and is not this instance's.")
    return found


def headers(settings):
    """Go through all programs: name and header."""
    for path in sorted(Path(settings.programs_dir).glob("*.conf")):
        if found := _header(path):
            yield path.stem, found


def log_path(settings, name):
    return Path(settings.logs_dir, f"{checks.text('program', name)}.log")


def _check_free(settings, name, mark, uid, port):
    for other, found in headers(settings):
        if found["mark"] != mark and str(uid) == found["uid"]:
            raise NotOurs(f"User {uid} belongs to {other}.")
        if found["mark"] != mark and str(port) == found["port"]:
            raise NotOurs(f"Port {port} belongs to {other}.")


def _render_conf(
    settings,
    mark,
    port,
    directory,
    *,
    database,
    role,
    password,
    host,
    database_port,
    memory,
    proxy_secret,
    public_keys,
    mail,
):
    checks.number("memory", memory, range(64 * MEGABYTE, 1 << 50))
    _, platform, instance = mark.split(":")
    return Template(Path(settings.tenant_template).read_text()).substitute(
        platform=platform,
        instance=instance,
        port=port,
        directory=directory,
        tenant_addons=settings.tenant_addons,
        database=checks.text("database", database),
        role=checks.text("database", role),
        password=checks.text("secret", password),
        host=checks.text("host", host),
        database_port=checks.number("port", database_port, range(1, 65536)),
        memory_hard=memory,
        memory_soft=memory * 4 // 5,
        proxy_secret=checks.text("secret", proxy_secret),
        public_keys=",".join(checks.texts("public key", public_keys)),
        **_mail_values(**(mail or {})),
    )


def _mail_values(
    host="", port=25, login="", password="", address="", tls=False
):  # without a relay Odoo must not try whoever listens on this machine
    return {
        "smtp_server": host and checks.text("host", host),
        "smtp_port": checks.number("port", port, range(1, 65536)),
        "smtp_ssl": bool(tls),
        "smtp_user": login and checks.text("program", login),
        "smtp_password": password and checks.text("secret", password),
        "mail_address": address and checks.text("mail address", address),
    }


def _task_arguments(conf, verb, modules, languages):
    return (
        f"{checks.text('verb of a task', verb)} -c {conf} "
        f"--modules {','.join(checks.texts('module', modules))} "
        f"--languages {','.join(checks.texts('language', languages))}"
    )


def _places(settings, name):
    return {
        "venv": settings.venv,
        "launcher": settings.launcher,
        "lock": f"{settings.locks_dir}/{name}.lock",
        "log": str(log_path(settings, name)),
    }


def _make_files(settings, name, uid):
    """Make lock and log; a tenant may take its own lock only, and read its own log."""
    places = _places(settings, name)
    for path, owner, mode in ((places["lock"], 0, 0o640), (places["log"], uid, 0o600)):
        handle = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW, mode)
        os.fchown(handle, owner, uid)
        os.fchmod(handle, mode)
        os.close(handle)


def _file(settings, name):
    return Path(settings.programs_dir, f"{name}.conf")


def _header(path):
    try:
        with open(path) as file:
            match = _HEADER.fullmatch(file.readline())
    except FileNotFoundError:
        return None
    return match.groupdict() if match else {"mark": "", "uid": "", "port": ""}


@contextmanager
def _alone(settings):
    """Keep other helpers out while programs change."""
    handle = os.open(settings.programs_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
