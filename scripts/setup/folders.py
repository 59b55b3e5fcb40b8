"""The platform's folder: who may enter what, its settings, its passwords."""

import json
import secrets

from . import files, storages
from .accounts import JOBS, KILLBILL, MAIL, PROXY, REDIS, WEB
from .choices import stored_text

# path below RUN_DIR, mode, owner, group. 0711: may be passed, not listed.
FOLDERS = (
    ("", 0o755, "root", "root"),
    ("code", 0o755, "root", "root"),
    ("code/bin", 0o755, "root", "root"),
    ("keys", 0o711, "root", "root"),
    ("keys/seal", 0o550, "root", JOBS),
    ("keys/retired", 0o700, "root", "root"),
    ("etc", 0o711, "root", "root"),
    ("postgresql", 0o711, "root", "root"),
    ("postgresql/data", 0o700, "postgres", "postgres"),
    ("postgresql/socket", 0o700, "postgres", "postgres"),
    ("data-plane", 0o711, "root", "root"),
    ("data-plane/programs", 0o700, "root", "root"),
    ("data-plane/locks", 0o711, "root", "root"),
    ("control-plane", 0o711, "root", "root"),
    ("control-plane/locks", 0o711, "root", "root"),
    ("nginx", 0o751, "root", PROXY),
    ("nginx/routes", 0o2750, JOBS, PROXY),
    ("nginx/temp", 0o700, PROXY, PROXY),
    ("nginx/check", 0o700, JOBS, JOBS),
    ("nginx/notice", 0o755, "root", "root"),
    ("mail", 0o711, "root", "root"),
    ("mail/spool", 0o700, MAIL, MAIL),
    ("mail/logins", 0o2750, JOBS, MAIL),
    ("storage", 0o711, "root", "root"),
    ("storage/odoo_instances", 0o711, "root", "root"),
    # Not writable themselves: Odoo imports add-ons from below them. The services share
    # no folder: one would follow the links that the other plants.
    ("web", 0o750, "root", WEB),
    ("web/sessions", 0o700, WEB, WEB),
    ("master", 0o750, "root", JOBS),
    ("master/filestore", 0o700, JOBS, JOBS),
    ("master/sessions", 0o700, JOBS, JOBS),
    ("master/addons", 0o755, "root", "root"),
    ("master/addons/19.0", 0o555, "root", "root"),
    ("log", 0o711, "root", "root"),
    ("log/nginx", 0o750, PROXY, PROXY),
    ("log/mail", 0o750, MAIL, MAIL),
    ("log/tenants", 0o711, "root", "root"),
)
SWARM_FOLDERS = (
    ("docker", 0o711, "root", "root"),
    # Who may open the socket in it may call the root helper.
    ("helper", 0o750, "root", JOBS),
    ("stack", 0o700, "root", "root"),
    ("tls", 0o711, "root", "root"),
    ("redis", 0o711, "root", "root"),
    ("redis/data", 0o700, REDIS, REDIS),
    # Its group is the socket's: `jobs` may write routes.
    ("redis/socket", 0o2750, REDIS, JOBS),
)
KILLBILL_FOLDERS = (
    ("killbill", 0o750, "root", KILLBILL),
    ("killbill/conf", 0o755, "root", "root"),
    ("killbill/webapps", 0o755, "root", "root"),
    ("killbill/logs", 0o700, KILLBILL, KILLBILL),
    ("killbill/temp", 0o700, KILLBILL, KILLBILL),
    ("killbill/work", 0o700, KILLBILL, KILLBILL),
    ("killbill/felix", 0o700, KILLBILL, KILLBILL),
)
# Each server's lock belongs to the server's user; the tenants' are the helper's work.
LOCKS = (
    ("data-plane/locks/postgresql.lock", "postgres"),
    ("data-plane/locks/nginx.lock", PROXY),
    ("data-plane/locks/mail.lock", MAIL),
    ("data-plane/locks/dockerd.lock", "root"),
    ("data-plane/locks/helper.lock", "root"),
    ("control-plane/locks/web.lock", WEB),
    ("control-plane/locks/jobs.lock", JOBS),
    ("control-plane/locks/install.lock", JOBS),
)
KILLBILL_LOCKS = (("data-plane/locks/killbill.lock", KILLBILL),)
KILLBILL_LOGS = (("log/killbill.log", KILLBILL),)
LOGS = (
    ("log/postgresql.log", "postgres"),
    ("log/nginx.log", PROXY),
    ("log/mail.log", MAIL),
    ("log/dockerd.log", "root"),
    ("log/helper.log", "root"),
    ("log/web.log", WEB),
    ("log/jobs.log", JOBS),
    ("log/install.log", JOBS),
    ("log/data-plane.log", "root"),
    ("log/control-plane.log", "root"),
)


def note_choices(settings):
    """Make the folder of the platform, and note what it was made with."""
    files.make_folder(settings.run, 0o755)
    files.write(settings.choices, stored_text(settings), mode=0o600)


def expected(settings):
    """Return path, mode, owner and group of each folder."""
    swarm = SWARM_FOLDERS if settings.on_swarm else ()
    return FOLDERS + swarm + (KILLBILL_FOLDERS if settings.with_killbill else ())


def make_folders(settings):
    """Make all folders, locks and logs with their owners and rights.

    :return: whether anything changed
    """
    changes = [
        files.make_folder(settings.run / path, mode, owner, group)
        for path, mode, owner, group in expected(settings)
    ]
    killbill = settings.with_killbill
    for path, owner in LOCKS + (KILLBILL_LOCKS if killbill else ()):
        files.write(settings.run / path, "", mode=0o600, owner=owner)
    for path, owner in LOGS + (KILLBILL_LOGS if killbill else ()):
        files.make_log(settings.run / path, owner)
    return any(changes)


def write_helper_settings(settings):
    """Tell the root helper what it may touch.

    :return: whether anything changed
    """
    run_dir = settings.run
    content = {
        "platform": settings.platform,
        "run_dir": str(run_dir),
        "uid_base": settings.uid_base,
        "uid_count": settings.uid_count,
        "port_base": settings.tenant_ports.start,
        "port_count": len(settings.tenant_ports),
        "storage_roots": storages.roots(settings),
        "venv": str(settings.venv),
        "launcher": str(run_dir / "code/tenant/saas_tenant/launcher.py"),
        "tenant_addons": str(run_dir / "code/tenant"),
        "tenant_template": str(run_dir / "code/tenant.conf"),
        "programs_dir": str(run_dir / "data-plane/programs"),
        "locks_dir": str(run_dir / "data-plane/locks"),
        "logs_dir": str(run_dir / "log/tenants"),
    }
    text = json.dumps(content, indent=2) + "\n"
    return files.write(run_dir / "etc/helper.json", text, mode=0o600)


def passwords(settings, roles):
    """Return the password of each role, made once and kept in pgpass.

    :param roles: names of database roles
    :rtype: dict[str, str]
    """
    path = settings.etc / "pgpass"
    known = {}
    if path.exists():
        fields = (line.split(":") for line in path.read_text().splitlines())
        known = {role: password for _, _, _, role, password in fields}
    for role in roles:
        known.setdefault(role, secrets.token_urlsafe(32))
    port = settings.ports["postgresql"]
    lines = [f"*:{port}:*:{role}:{word}\n" for role, word in known.items()]
    files.write(path, "".join(lines), mode=0o600)
    return known


def kept_password(settings, name):
    """Return a password that only configurations know, made once."""
    path = settings.etc / f"{name}-password"
    if not path.exists():
        files.write(path, secrets.token_urlsafe(32), mode=0o600)
    return path.read_text()
