"""What serves: supervisors, ports, PostgreSQL, nginx, the relay, a swarm."""

from .. import (
    accounts,
    certificates,
    checks,
    edge,
    exim,
    killbill,
    killbill_ports,
    mail,
    master,
    master_stack,
    nginx,
    postgresql,
    processes,
    supervisors,
    swarm,
)
from ..commands import try_run
from .finding import Finding


def check_supervisors(settings):
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


def check_ports(settings):
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


def check_postgresql(settings):
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


def check_nginx(settings):
    result = try_run(
        [nginx.BINARY, "-e", "stderr", "-t", "-c", settings.etc / "nginx-check.conf"],
        user=accounts.JOBS,
    )
    words = result.stdout.strip().splitlines()[:1]
    yield Finding("nginx's configuration", result.returncode and " ".join(words))


def check_mail(settings):
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


def check_killbill(settings):
    """Look at Kill Bill, and that it answers nobody but this machine."""
    if not settings.with_killbill:
        return
    log = f"{settings.make()}; if it stays so, read {settings.log}/killbill.log"
    yield Finding("Kill Bill", killbill.trouble_of(settings), log)
    closed = killbill_ports.are_closed(settings)
    yield Finding("Kill Bill's own ports", "" if closed else "they are open to all")


def check_swarm(settings):
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
