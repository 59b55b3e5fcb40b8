"""Bring up what tenants live on: PostgreSQL and nginx below their supervisor."""

from . import nginx, postgresql, processes, supervisors
from .runner import wait_for

DATA = supervisors.DATA


def bring_up(settings):
    """Have both servers run with the present configuration.

    :return: what was done, in words
    :raise Failure: when one of them does not come up
    """
    restart_postgresql = postgresql.prepare(settings)
    reload_nginx = nginx.prepare(settings)
    nginx.check(settings)
    started = supervisors.ensure(settings, DATA)
    if restart_postgresql and "postgresql" not in started:
        supervisors.restart(settings, DATA, "postgresql")
        started.add("postgresql")
    _wait_for_postgresql(settings)
    started.update(supervisors.adopt(settings, DATA))
    if reload_nginx and "nginx" not in started:
        nginx.reload(settings)
        started.add("nginx")
    wait_until_up(settings)
    return "started " + ", ".join(sorted(started)) if started else "unchanged"


def wait_until_up(settings):
    """Wait until both servers answer."""
    _wait_for_postgresql(settings)
    wait_for(
        lambda: processes.answers(settings.ports["tenants"]),
        15,
        "nginx",
        f"read {settings.log}/nginx.log",
    )


def _wait_for_postgresql(settings):
    wait_for(
        lambda: postgresql.is_ready(settings),
        60,
        "PostgreSQL",
        f"read {settings.log}/postgresql.log",
    )
