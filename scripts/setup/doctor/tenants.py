"""Tenants on this machine, and their ports."""

from .. import checks, processes, supervisors, tenants
from .finding import Finding


def check_tenants(settings):
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


def check_ports(settings):
    """Look who answers where tenants do: on a swarm each has an address of its own."""
    if settings.on_swarm:
        return
    held = tenants.are_held_to_ports(settings)
    trouble = "" if held else "the kernel lets others answer there"
    yield Finding("ports of tenants", trouble)
    for address, port, who in checks.strangers(settings, processes.listeners()):
        if port in settings.tenant_ports:
            trouble = f"{who} has it at {address}, which is not ours"
            yield Finding(f"port {port} (tenants)", trouble, f"end {who}")
