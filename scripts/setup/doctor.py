"""Look at every part of a platform, and say how to mend what is broken."""

import pwd
import stat
from dataclasses import dataclass

from . import (
    accounts,
    certificates,
    checks,
    edge,
    exim,
    files,
    folders,
    keys,
    mail,
    master,
    master_stack,
    nginx,
    packages,
    postgresql,
    processes,
    storages,
    supervisors,
    swarm,
    tenants,
)
from .commands import try_run
from .runner import Failure

KEY_DAYS = 14  # days that saasctl's key must still live


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; empty trouble means that it is well.

    The cure is `make up` unless it says another.
    """

    name: str
    trouble: str = ""
    cure: str = ""


def examine(settings):
    """Print a line for each part.

    :return: 0 when all is well, else 1
    """
    sick = 0
    for part in PARTS:
        for finding in _look(part, settings):
            sick += bool(finding.trouble)
            _print(settings, finding)
    print(f"\n{sick or 'no'} {'part needs' if sick == 1 else 'parts need'} mending")
    return 1 if sick else 0


def _look(part, settings):
    try:
        return list(part(settings))
    except (Failure, OSError, KeyError) as error:
        name = part.__name__.strip("_").replace("_", " ")
        return [Finding(name, str(error), getattr(error, "cure", ""))]


def _print(settings, finding):
    if finding.trouble:
        cure = finding.cure or settings.make()
        print(f"  BAD {finding.name}: {finding.trouble}\n      cure: {cure}")
    else:
        print(f"  ok  {finding.name}")


def _packages(settings):
    missing = packages.missing(packages.needed(settings))
    yield Finding("Debian packages", missing and f"missing {', '.join(missing)}")


def _room(settings):
    try:
        warning = checks.check_space(settings)
        yield Finding("free disk space" + (f" ({warning})" if warning else ""))
    except Failure as failure:
        yield Finding("free disk space", failure.message, failure.cure)


def _code(settings):
    code = settings.run / "code"
    tree = (code / "odoo/odoo/release.py").exists()
    yield Finding("Odoo's tree", "" if tree else f"{code}/odoo leads nowhere")
    python = [settings.venv / "bin/python", "-c", "import odoo.release, nacl, psycopg2"]
    result = try_run(python) if (settings.venv / "bin/python").exists() else None
    broken = "" if result and not result.returncode else "it does not import Odoo"
    cure = f"rm -r {settings.venv.resolve()}, then {settings.make()}"
    yield Finding("Python environment", broken, cure)


def _users(settings):
    for name in accounts.needed(settings):
        yield Finding(f"user {name}", "" if _knows(name) else "it is missing")
    helper = settings.run / "code/bin/root-helper"
    rule = ["sudo", "-n", "-l", helper]
    allowed = try_run(rule, user=accounts.JOBS).returncode == 0
    yield Finding(
        "sudo rule", "" if allowed else f"{accounts.JOBS} may not run {helper}"
    )


def _folders(settings):
    closed = files.unreachable_parent(settings.run.parent)
    trouble = f"other users cannot enter {closed}" if closed else ""
    yield Finding("way to the platform", trouble, f"chmod o+x {closed}")
    for path, mode, owner, _group in folders.expected(settings):
        name = f"folder {path or settings.run}"
        yield Finding(name, _wrong(settings.run / path, mode, owner))


def _keys(settings):
    folder = settings.run / "keys"
    escrow = "bring it back from escrow: what it sealed cannot be opened without it"
    for name, mode, owner in keys.expected(settings):
        lost = name.endswith(".key") and not (folder / name).exists()
        cure = escrow if lost else ""
        yield Finding(f"key {name}", _wrong(folder / name, mode, owner), cure)
    yield Finding("pairs of keys", keys.mismatch(settings), escrow)


def _supervisors(settings):
    for plane in supervisors.planes(settings):
        names = supervisors.programs(settings, plane)
        states = supervisors.states(settings, plane)
        yield Finding(
            f"supervisor of the {plane}", "" if states else "it does not answer"
        )
        for name in names:
            state = states.get(name, {}).get("statename", "not known")
            yield Finding(
                f"program {name}",
                "" if state == "RUNNING" else f"it is {state.lower()}",
                f"{settings.make()}; if it stays so, read {settings.log}/{name}.log",
            )


def _ports(settings):
    listeners = processes.listeners()
    strangers = checks.strangers(settings, listeners)
    twice = nginx.ports(settings)
    for name, port in settings.ports.items():
        wanted = nginx.addresses() if name in twice else ("127.0.0.1",)
        silent = [f for f in wanted if (f, port) not in listeners]
        trouble = f"nothing listens on {' and '.join(silent)}" if silent else ""
        for address, taken, who in strangers:
            if taken == port:
                trouble = f"{who} has it at {address}, which is not ours"
        yield Finding(f"port {port} ({name.replace('_', ' ')})", trouble)


def _postgresql(settings):
    sql = "SELECT string_agg(rolname, ' ') FROM pg_roles WHERE rolname LIKE 'saas_%'"
    found = postgresql.run_sql(settings, "postgres", "postgres", sql).split()
    for role in postgresql.ROLES[1:]:
        yield Finding(f"role {role}", "" if role in found else "it is missing")
    sql = "SELECT has_database_privilege('saas_web', 'master', 'CONNECT')"
    allowed = postgresql.run_sql(settings, "postgres", "postgres", sql) == "t"
    yield Finding("database master", "" if allowed else "web may not enter it")
    sql = "SELECT has_table_privilege('saas_web', 'ir_cron', 'INSERT')"
    tight = postgresql.run_sql(settings, "saas_owner", "master", sql) == "f"
    yield Finding("rights of web", "" if tight else "it may write scheduled actions")


def _nginx(settings):
    result = try_run(
        [nginx.BINARY, "-e", "stderr", "-t", "-c", settings.etc / "nginx-check.conf"],
        user=accounts.JOBS,
    )
    words = result.stdout.strip().splitlines()[:1]
    yield Finding("nginx's configuration", result.returncode and " ".join(words))


def _mail(settings):
    """Look at the relay: its program, and whether mail goes on from it."""
    runs, newest = exim.version(settings), exim.candidate()
    older = newest and try_run(["dpkg", "--compare-versions", runs, "lt", newest])
    old = older and not older.returncode
    yield Finding("Exim", f"Debian has {newest}, this is {runs}" if old else "")
    count = mail.waiting(settings)
    if settings.smtp_smarthost:
        yield Finding(f"mail relay ({count} mails wait)")
    else:
        hint = f"{settings.make()} SMTP_SMARTHOST=…"
        yield Finding(f"mail relay (it holds all mail, {count} now: {hint})")


def _swarm(settings):
    """Look at engine, swarm, and what stands before the tenants."""
    if not settings.on_swarm:
        return
    trouble = swarm.trouble_of(settings)
    yield Finding(f"Docker Swarm at {settings.docker_host}", trouble)
    if trouble:
        return
    services = edge.of(settings).troubles() | master_stack.of(settings).troubles()
    for name, words in services.items():
        logs = f"docker -H {settings.docker_host} service logs {name}"
        yield Finding(f"service {name}", words, f"{settings.make()}; {logs}")
    status = master.status_of(settings.ports["ops"], "/ping")
    yield Finding("Traefik", "" if status == 200 else f"/ping: {status}")
    path, _ = certificates.wildcard(settings)
    days = certificates.days_left(path)
    few = days < certificates.RENEWED_DAYS
    end = f"ends in {days} days" if days else "has ended, or ends today"
    yield Finding(
        "certificate of tenants' addresses",
        f"{path} {end}" if few else "",
        f"{settings.make()} TLS_CERT=… TLS_KEY=…" if settings.tls_cert else "",
    )


def _services(settings):
    for name in ("web", "jobs"):
        well = master.is_healthy(settings.ports[name])
        yield Finding(
            f"service {name}",
            "" if well else "/web/health does not answer 200",
            f"{settings.make()}; if it stays so, read {settings.log}/{name}.log",
        )
    status = master.status_of(settings.ports["master"], "/web/login")
    yield Finding("master's address", "" if status == 200 else f"/web/login: {status}")
    status = master.status_of(settings.ports["master"], "/queue_job/runjob")
    # Who does not answer, which is told above, lets nobody in.
    opened = status not in (0, 404)
    yield Finding("closed paths", "/queue_job/ is open to visitors" if opened else "")


def _queue(settings):
    runs = master.runs_queue(settings)
    yield Finding("queue runner", "" if runs else "nobody runs the queue")


def _changes(settings):
    sql = (
        "SELECT to_char(write_date, 'YYYY-MM-DD HH24:MI UTC: ') || value"
        " FROM ir_config_parameter WHERE key = 'saas_master.frozen'"
    )
    frozen = postgresql.run_sql(settings, "saas_owner", "master", sql)
    trouble = frozen and f"the platform is frozen since {frozen}"
    cure = f"when its reason is over: {settings.saasctl('unfreeze')}"
    yield Finding("changes", trouble, cure)


def _template(settings):
    sql = "SELECT count(*) FROM saas_template WHERE state = 'ready'"
    ready = postgresql.run_sql(settings, "saas_owner", "master", sql)
    yield Finding(
        "template",
        "" if int(ready) else "none is ready: nobody can be given an instance",
        settings.saasctl("template build --wait"),
    )


def _command_line(settings):
    """Look at saasctl's key, by what the master knows of it."""
    file = settings.etc / "saasctl.key"
    sql = (
        "SELECT floor(extract(epoch FROM max(k.expiration_date)"
        " - now() AT TIME ZONE 'UTC') / 86400)"
        " FROM res_users_apikeys k JOIN res_users u ON u.id = k.user_id"
        " WHERE u.login = 'saasctl'"
    )
    days = postgresql.run_sql(settings, "saas_owner", "master", sql)
    if not file.exists():
        trouble = f"{file} is missing"
    elif not days:
        trouble = "the master knows none"
    elif int(days) < 0:
        trouble = "it is over"
    else:
        few = int(days) < KEY_DAYS
        trouble = f"it ends in {days} days" if few else ""
    yield Finding("saasctl's key", trouble, settings.saasctl("login"))


def _tenants(settings):
    states = supervisors.states(settings, supervisors.DATA)
    for name, info in sorted(states.items()):
        if not name.startswith("service."):
            continue  # a task, or a program of ours
        instance = name.split(".")[2]
        # A tenant that was stopped on purpose is well.
        well = info["statename"] in {"RUNNING", "STOPPED", "EXITED"}
        yield Finding(
            f"tenant {info['group']}",
            "" if well else f"it is {info['statename'].lower()}",
            f"read {settings.log}/tenants/{info['group']}.log; "
            + settings.saasctl(f"instance restart {instance}"),
        )


def _ports_of_tenants(settings):
    if not settings.on_swarm:
        held = tenants.are_held_to_ports(settings)
        trouble = "" if held else "the kernel lets others answer there"
        yield Finding("ports of tenants", trouble)


def _storages(settings):
    for root in storages.roots(settings):
        marked = storages.is_ours(settings, root)
        yield Finding(
            f"storage {root}",
            "" if marked else "it has no sentinel of ours: is it mounted?",
            f"mount it; a new one is marked by {settings.make()}, or by "
            + settings.saasctl("storage add"),
        )


def _wrong(path, mode, owner):
    try:
        state = path.stat()
    except FileNotFoundError:
        return "it is missing"
    found = stat.S_IMODE(state.st_mode)
    if found != mode:
        return f"its mode is {found:o}, not {mode:o}"
    mine = state.st_uid == pwd.getpwnam(owner).pw_uid
    return "" if mine else f"it does not belong to {owner}"


def _knows(user):
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


PARTS = (
    _packages,
    _room,
    _code,
    _users,
    _folders,
    _keys,
    _supervisors,
    _ports,
    _postgresql,
    _nginx,
    _mail,
    _swarm,
    _services,
    _queue,
    _changes,
    _template,
    _command_line,
    _tenants,
    _ports_of_tenants,
    _storages,
)
