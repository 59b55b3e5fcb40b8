"""Kill Bill on Tomcat, with a database of its own on the platform's PostgreSQL."""

import shutil
import zipfile
from pathlib import Path

from . import files, killbill_ports, master, maven, postgresql, supervisors
from .accounts import KILLBILL
from .commands import run
from .folders import kept_password, passwords
from .runner import Failure, wait_for

# The newest that Maven Central has; no image of a newer one can be pulled everywhere.
WAR = "org.kill-bill.billing:killbill-profiles-killbill:0.22.26:war"
TOMCAT = "org.apache.tomcat:tomcat:9.0.98:tar.gz"
# Debian's; what is called java may be another one.
JVMS, JAVA = Path("/usr/lib/jvm"), "java-17-openjdk-*"
ROLE, DATABASE = "killbill", "killbill"
CONNECTIONS = 100  # more than both of its pools have
USER = "saasodoo"
# Of the server; each has its tables in a jar of the WAR.
MODULES = (
    "account",
    "beatrix",
    "catalog",
    "entitlement",
    "invoice",
    "payment",
    "subscription",
    "tenant",
    "usage",
    "util",
)
FOR_POSTGRESQL = "org/killbill/billing/util/ddl-postgresql.sql"
CONFIGURATION = ("killbill.properties", "killbill-users.ini", "killbill.options")
START_SECONDS = 240
# How often events that a dead server had begun are taken up. Where the clock is moved,
# what is being done looks lost, and would be done twice.
REAPED, NEVER_REAPED = "3m", "1d"


def find_or_fetch(settings):
    """Have Kill Bill and Tomcat in the cache.

    :return: what was done, in words
    :raise Failure: when they cannot be had
    """
    tomcat = _tomcat(settings)
    there = tomcat.exists()
    if not there:
        _unpack(maven.find_or_fetch(settings, TOMCAT), tomcat)
    return "unchanged" if _war(settings).exists() and there else "fetched"


def bring_up(settings):
    """Have Kill Bill run with just our present configuration.

    :return: what was done, in words
    :raise Failure: where it does not come up
    """
    changed = _prepare(settings)
    killbill_ports.close(settings)
    started = supervisors.ensure(settings, supervisors.DATA)
    if changed and supervisors.KILLBILL not in started:
        supervisors.restart(settings, supervisors.DATA, supervisors.KILLBILL)
        started.add(supervisors.KILLBILL)
    wait_until_up(settings)
    return f"started {', '.join(sorted(started))}" if started else "unchanged"


def wait_until_up(settings):
    """Wait until it answers that it is well."""
    cure = f"read {settings.log}/killbill.log"
    wait_for(lambda: not trouble_of(settings), START_SECONDS, "Kill Bill", cure)


def trouble_of(settings):
    """Return what is wrong with the server, in words; empty where nothing is.

    :rtype: str
    """
    status = master.status_of(settings.ports["killbill"], "/1.0/healthcheck")
    if status == 200:
        return ""
    return f"its health check says {status}" if status else "it does not answer"


def url(settings):
    """Return where it listens."""
    return f"http://127.0.0.1:{settings.ports['killbill']}"


def password(settings):
    """Return the password of the user that Odoo is in Kill Bill."""
    return kept_password(settings, "killbill-admin")


def describe(settings):
    """Return what the master must know of it."""
    return {
        "url": url(settings),
        "login": USER,
        "password": password(settings),
        "webhooks_at": f"http://127.0.0.1:{settings.ports['internal']}",
    }


def _prepare(settings):
    """Have files and database in place.

    :return: whether it must be restarted
    """
    code = settings.run / "code"
    changes = [files.link(code / "tomcat", _tomcat(settings))]
    changes.append(files.link(code / "java", next(JVMS.glob(JAVA))))
    changes.append(_deploy(settings, _war(settings)))
    words = passwords(settings, (*postgresql.ROLES, ROLE))
    values = settings.placeholders() | {
        "password_killbill": words[ROLE],
        "password_killbill_admin": password(settings),
        "killbill_test_mode": "true" if settings.killbill_test_mode else "false",
        "killbill_reap": NEVER_REAPED if settings.killbill_test_mode else REAPED,
    }
    secret = {"mode": 0o440, "group": KILLBILL}
    for name in CONFIGURATION:
        text = files.render(f"killbill/{name}", values)
        changes.append(files.write(settings.etc / name, text, **secret))
    logback = files.render("killbill/logback.xml", values)
    changes.append(files.write(settings.etc / "logback.xml", logback, **secret))
    conf = settings.run / "killbill/conf"
    server = files.render("killbill/server.xml", values)
    changes.append(files.write(conf / "server.xml", server))
    for name in ("web.xml", "catalina.properties"):
        text = (_tomcat(settings) / "conf" / name).read_text()
        changes.append(files.write(conf / name, text))
    _make_database(settings, words[ROLE])
    files.write(settings.run / "killbill/prepared", "")
    return any(changes)


def _deploy(settings, war):
    """Unpack the WAR as root: who runs it may not change it.

    :return: whether it was another one before
    """
    home = settings.run / "killbill/webapps"
    mark = f"{war} {war.stat().st_mtime_ns}"
    known = home / "war"
    if known.exists() and known.read_text() == mark:
        return False
    fresh = home / ".ROOT.new"
    shutil.rmtree(fresh, ignore_errors=True)
    with zipfile.ZipFile(war) as archive:
        archive.extractall(fresh)
    shutil.rmtree(home / "ROOT", ignore_errors=True)
    fresh.rename(home / "ROOT")
    files.write(known, mark)
    return True


def _unpack(archive, folder):
    """Unpack aside, so that a killed run is no harm."""
    work = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    run(["tar", "-xzf", archive, "-C", work, "--no-same-owner"])
    [only] = work.iterdir()
    only.rename(folder)
    run(["chmod", "-R", "go+rX", folder])
    shutil.rmtree(work)


def _make_database(settings, word):
    """Have its role, its database and its tables; each part is whole or not there."""
    make = f"""\\set word '{word}'
SELECT 'CREATE ROLE {ROLE} LOGIN'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') \\gexec
ALTER ROLE {ROLE} PASSWORD :'word' CONNECTION LIMIT {CONNECTIONS};
SELECT 'CREATE DATABASE {DATABASE} OWNER {ROLE} TEMPLATE template0'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}') \\gexec
REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC;
"""
    postgresql.run_sql(settings, "postgres", "postgres", make)
    library = settings.run / "killbill/webapps/ROOT/WEB-INF/lib"
    if _ask(settings, "SELECT count(*) FROM pg_event_trigger") == "0":
        _load(settings, "postgres", _resource(library, "util", FOR_POSTGRESQL))
    if not _ask(settings, "SELECT to_regclass('accounts')"):
        ddl = (
            _resource(library, module, f"org/killbill/billing/{module}/ddl.sql")
            for module in MODULES
        )
        _load(settings, ROLE, "\n".join(ddl))


def _ask(settings, sql):
    return postgresql.run_sql(settings, "postgres", DATABASE, sql)


def _load(settings, role, text):
    postgresql.run_sql(settings, role, DATABASE, f"BEGIN;\n{text}\nCOMMIT;\n")


def _resource(library, module, name):
    """Return a text of one of Kill Bill's jars."""
    jars = [*library.glob(f"killbill-{module}-[0-9]*.jar")]
    if len(jars) != 1:
        raise Failure(
            f"{library} has {len(jars)} jars of {module}: that is no Kill Bill",
            "make up KILLBILL_WAR=… (empty: the one that Maven brings)",
        )
    with zipfile.ZipFile(jars[0]) as jar:
        return jar.read(name).decode()


def _war(settings):
    if not settings.killbill_war:
        return maven.find_or_fetch(settings, WAR)
    war = Path(settings.killbill_war)
    if not zipfile.is_zipfile(war):
        raise Failure(f"KILLBILL_WAR={war} is no WAR", settings.make())
    return war


def _tomcat(settings):
    return settings.cache / f"tomcat-{TOMCAT.split(':')[2]}"
