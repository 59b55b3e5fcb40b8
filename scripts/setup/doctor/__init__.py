"""Look at every part of a platform, and say how to mend what is broken."""

from ..runner import Failure
from . import control, machine, servers, tenants
from .finding import Finding

PARTS = (
    machine.check_packages,
    machine.check_room,
    machine.check_code,
    machine.check_users,
    machine.check_folders,
    machine.check_secrets,
    machine.check_keys,
    machine.check_outside,
    servers.check_supervisors,
    servers.check_ports,
    servers.check_postgresql,
    servers.check_nginx,
    servers.check_mail,
    servers.check_killbill,
    servers.check_swarm,
    control.check_services,
    control.check_queue,
    control.check_changes,
    control.check_template,
    control.check_command_line,
    control.check_administrators,
    tenants.check_tenants,
    tenants.check_ports,
    machine.check_storages,
)


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
        name = part.__name__.removeprefix("check_").replace("_", " ")
        return [Finding(name, str(error), getattr(error, "cure", ""))]


def _print(settings, finding):
    if finding.trouble:
        cure = finding.cure or settings.make()
        print(f"  BAD {finding.name}: {finding.trouble}\n      cure: {cure}")
    else:
        print(f"  ok  {finding.name}")
