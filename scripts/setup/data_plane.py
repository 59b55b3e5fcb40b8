"""Bring up what tenants live on: PostgreSQL, nginx and the relay of their mail.

On Swarm the engine too, which comes first: tenants reach PostgreSQL by its bridge.
"""

from . import (
    mail,
    nginx,
    postgresql,
    processes,
    supervisors,
    swarm,
    swarm_services,
    tenants,
)
from .runner import wait_for

DATA = supervisors.DATA


def bring_up(settings):
    """Have all servers run with the present configuration.

    :return: what was done, in words
    :raise Failure: when one of them does not come up
    """
    restart_postgresql = postgresql.prepare(settings)
    reload_nginx = restart_mail = False
    if not settings.database_only:
        reload_nginx = nginx.prepare(settings)
        nginx.check(settings)
        restart_mail = mail.prepare(settings)
    hold_tenants(settings)
    started = supervisors.ensure(settings, DATA)
    if settings.on_swarm:
        swarm.bring_up(settings)
        _wait_for_postgresql(settings)
        # The first time it was started before the bridge was known.
        if postgresql.prepare(settings) or not _at_bridge(settings):
            restart_postgresql = True
            started.discard("postgresql")
        if mail.prepare(settings):
            restart_mail = True
            started.discard("mail")
    if restart_postgresql and "postgresql" not in started:
        supervisors.restart(settings, DATA, "postgresql")
        started.add("postgresql")
    if restart_mail and "mail" not in started:
        supervisors.restart(settings, DATA, "mail")
        started.add("mail")
    _wait_for_postgresql(settings)
    started.update(supervisors.adopt(settings, DATA))
    if reload_nginx and "nginx" not in started:
        nginx.reload(settings)
        started.add("nginx")
    wait_until_up(settings)
    if settings.on_swarm and swarm_services.resume(settings):
        started.add("tenants")
    return "started " + ", ".join(sorted(started)) if started else "unchanged"


def hold_tenants(settings):
    """Have what keeps tenants from each other in place, before they start."""
    if not settings.on_swarm and not settings.database_only:
        tenants.hold_to_ports(settings)


def wait_until_up(settings):
    """Wait until all servers answer."""
    _wait_for_postgresql(settings)
    wait_for(
        lambda: all(
            processes.answers(settings.ports[name]) for name in nginx.ports(settings)
        ),
        15,
        "nginx",
        f"read {settings.log}/nginx.log",
    )
    if not settings.database_only:
        wait_for(
            lambda: processes.answers(settings.ports["mail"]),
            15,
            "the mail relay",
            f"read {settings.log}/mail.log and {settings.log}/mail/panic.log",
        )


def wake(settings):
    """Have what was started with the machine in order: engine, database, tenants."""
    if settings.on_swarm:
        swarm.wait_for_engine(settings)
        swarm.apply_firewall(settings)
    wait_until_up(settings)
    if settings.on_swarm:
        swarm_services.resume(settings)


def _at_bridge(settings):
    """Tell whether PostgreSQL listens for tenants; without an engine it does not."""
    address, _ = swarm.gateway(settings)
    return (address, settings.ports["postgresql"]) in processes.listeners()


def _wait_for_postgresql(settings):
    wait_for(
        lambda: postgresql.is_ready(settings),
        60,
        "PostgreSQL",
        f"read {settings.log}/postgresql.log",
    )
