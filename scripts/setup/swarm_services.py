"""The platform's services on its swarm, all at once: stopped, resumed, removed."""

from pathlib import Path

from . import files, swarm
from .commands import run
from .docker_cli import Docker
from .runner import wait_for
from .settings import CHECKOUT

# What the name of each stack ends with, by the name of its file in swarm/.
STACKS = {"edge": "", "master": "-master"}


def stack_name(settings, kind="edge"):
    """Return the name of one of the platform's stacks.

    :param str kind: what its file in swarm/ is called after
    """
    return f"saasodoo-{settings.short}{STACKS[kind]}"


def list_names(settings, docker):
    """Return the names of the platform's services: tenants' and our own."""
    chosen = ("--filter", f"label={swarm.LABEL}={settings.platform}")
    return docker.lines("service", "ls", *chosen, "--format", "{{.Name}}")


def stop(settings):
    """Scale all services of the platform to nothing, and note which of them ran.

    :return: what was done, in words
    """
    if not settings.docker_host or not swarm.answers(settings):
        return "was not running"
    docker = Docker(settings.docker_host)
    if swarm.state_of(docker) != "active":
        return "was not running"
    found = docker.inspect("service", list_names(settings, docker))
    names = [s["Spec"]["Name"] for s in found if replicas(s)]
    # One on each node cannot be scaled. The master has its collectors made again.
    everywhere = [s["Spec"]["Name"] for s in found if "Global" in s["Spec"]["Mode"]]
    if everywhere:
        docker.run("service", "rm", *everywhere)
    if names:
        # Noted before: a run that is killed in between is taken up by either command.
        known = {*_stopped(settings), *names}
        files.write(_note(settings), "".join(f"{n}\n" for n in sorted(known)), 0o600)
        scale(docker, names, 0)
    wait_for_end(docker, {*names, *everywhere})
    return f"stopped {len(names)} services"


def resume(settings):
    """Start again what `down` has stopped.

    :return: how many services
    """
    names = _stopped(settings)
    if not names:
        return 0
    docker = Docker(settings.docker_host)
    living = {*list_names(settings, docker)} & {*names}
    scale(docker, sorted(living), 1)
    _note(settings).unlink()
    return len(living)


def scale(docker, names, count):
    """Have so many tasks of each of some services; this does not wait for them."""
    if names:
        docker.run("service", "scale", "-d", *(f"{name}={count}" for name in names))


def replicas(service):
    """Return how many tasks are wanted of a service, as `inspect` returned it."""
    return service["Spec"]["Mode"].get("Replicated", {}).get("Replicas", 0)


def wait_for_end(docker, names):
    """Wait until some services have no container here."""
    gone = {*names}
    wait_for(lambda: not _living(docker, gone), 120, "the end of all containers")


def remove(settings):
    """Remove all that is the platform's at the engine, but for the engine itself.

    :return: what was done, in words
    """
    if not settings.docker_host or not swarm.answers(settings):
        return "no engine"
    docker = Docker(settings.docker_host)
    if swarm.state_of(docker) == "active":
        stop(settings)
        _remove_objects(settings, docker)
    if settings.own_engine:
        run([CHECKOUT / "swarm/firewall", "remove"])
        docker.try_run("swarm", "leave", "--force")
        _remove_bridge(docker)
    return "removed"


def release_folder(settings):
    """Unmount what an engine that has ended left below its folder."""
    folder = f"{settings.run}/docker/"
    lines = Path("/proc/self/mounts").read_text().splitlines()
    for place in reversed([line.split()[1] for line in lines]):
        if place.startswith(folder):
            run(["umount", "-l", place])


def _remove_objects(settings, docker):
    # Its secrets and configurations, past ones too, carry the stack's name alone.
    docker.run("stack", "rm", *(stack_name(settings, kind) for kind in STACKS))
    chosen = ("--filter", f"label={swarm.LABEL}={settings.platform}", "-q")
    for kind in ("service", "secret", "config", "network"):
        if names := docker.lines(kind, "ls", *chosen):
            if kind == "network":
                _remove_networks(docker, *names)
            else:
                docker.run(kind, "rm", *names)


def _remove_networks(docker, *names):
    """Remove networks; Swarm takes a moment to let go of them."""
    wait_for(
        lambda: docker.try_run("network", "rm", *names).returncode == 0,
        60,
        f"the end of {len(names)} networks",
    )


def _remove_bridge(docker):
    """Remove the bridge by which containers left, unless another engine uses it."""
    if swarm.BRIDGE in docker.lines("network", "ls", "--format", "{{.Name}}"):
        _remove_networks(docker, swarm.BRIDGE)
    # An engine keeps one that it found, as what was killed may have left it.
    link = Path("/sys/class/net", swarm.BRIDGE)
    if link.exists() and not any((link / "brif").iterdir()):
        run(["ip", "link", "delete", swarm.BRIDGE])


def _living(docker, names):
    """Tell which of some services have a container here."""
    service = "com.docker.swarm.service.name"
    words = ("--filter", f"label={service}", "--format", f'{{{{.Label "{service}"}}}}')
    return {*docker.lines("ps", *words)} & names


def _note(settings):
    return settings.etc / "stopped-services"


def _stopped(settings):
    note = _note(settings)
    return note.read_text().split() if note.exists() else []
