"""A Docker Swarm on this machine, ready for tenants: one that is there, or ours."""

import contextlib
import grp
import ipaddress
import os
import socket
from pathlib import Path

from . import accounts, files
from .commands import run
from .docker_cli import Docker
from .runner import Failure, wait_for
from .settings import CHECKOUT

LABEL = "saasodoo.platform"
BRIDGE = "docker_gwbridge"
# Published ports are loopback's, as everything else here is.
BRIDGE_OPTIONS = (
    f"com.docker.network.bridge.name={BRIDGE}",
    "com.docker.network.bridge.enable_icc=false",
    "com.docker.network.bridge.enable_ip_masquerade=true",
    "com.docker.network.bridge.host_binding_ipv4=127.0.0.1",
)
LOOPBACK = (
    "--advertise-addr", "127.0.0.1", "--listen-addr", "127.0.0.1:2377",
    "--data-path-addr", "127.0.0.1",
)  # fmt: skip
# An overlay /24 is full at about 100 services, silently.
CELL_TENANTS = 1000
ENGINE_SECONDS = 60


def bring_up(settings):
    """Have a swarm with the platform's networks; what is there is left alone.

    :return: what was done, in words
    :raise Failure: where the engine does not answer, or is a worker
    """
    docker = Docker(settings.docker_host)
    wait_for_engine(settings)
    done = [] if settings.own_engine else _let_jobs_in(settings)
    pool, cell, edge = _free_networks(docker)
    if state_of(docker) == "inactive":
        _ensure_bridge(docker)
        docker.run("swarm", "init", *LOOPBACK, "--default-addr-pool", pool)
        done.append("made a swarm")
    done += _ensure_network(settings, docker, cell_name(settings), cell)
    # Redis and the pages have no way out, and nobody but Traefik a way in.
    done += _ensure_network(settings, docker, edge_name(settings), edge, "--internal")
    _note_gateway(settings, docker)
    apply_firewall(settings)
    return ", ".join(done) or "unchanged"


def wait_for_engine(settings):
    """Wait until the engine answers."""
    cure = "start it, then " + settings.make()
    if settings.own_engine:
        cure = f"read {settings.log}/dockerd.log"
    what = f"Docker's engine at {settings.docker_host}"
    wait_for(lambda: answers(settings), ENGINE_SECONDS, what, cure)


def answers(settings):
    """Tell whether the engine answers."""
    path = settings.docker_host.removeprefix("unix://")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(5.0)
        with contextlib.suppress(OSError):
            client.connect(path)
            client.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in client.recv(64)
    return False


def trouble_of(settings):
    """Say what is wrong with engine and swarm; empty where all is well."""
    if not answers(settings):
        return f"the engine at {settings.docker_host} does not answer"
    state = state_of(Docker(settings.docker_host))
    return "" if state == "active" else f"its swarm is {state}"


def cell_name(settings):
    """Return the name of the network that tenants share with Traefik."""
    return f"saasodoo_{settings.short}_cell1"


def edge_name(settings):
    """Return the name of the network of Traefik, Redis and the notice pages."""
    return f"saasodoo_{settings.short}_edge"


def gateway(settings):
    """Return this machine's address for tenants and their network, once it is known.

    :rtype: tuple[str, str] | None
    """
    noted = settings.etc / "gateway"
    return tuple(noted.read_text().split()) if noted.exists() else None


def apply_firewall(settings):
    """Close all that is private to tenants, but their database and their relay."""
    address, _ = gateway(settings)
    ports = (_database_port(settings), settings.ports["mail"])
    peers = [f"{address}:{port}" for port in ports]
    run([CHECKOUT / "swarm/firewall", "apply", *peers])


def describe(settings):
    """Return what the master must know of the swarm."""
    return {
        "cell": cell_name(settings),
        "cell_tenants": CELL_TENANTS,
        "database_tenant_host": gateway(settings)[0],
        "database_tenant_port": _database_port(settings),
    }


def _ensure_bridge(docker):
    """Have the bridge by which containers leave, before the swarm makes its own."""
    if BRIDGE not in docker.lines("network", "ls", "--format", "{{.Name}}"):
        options = [word for option in BRIDGE_OPTIONS for word in ("-o", option)]
        docker.run("network", "create", "-d", "bridge", *options, BRIDGE)


def _ensure_network(settings, docker, name, subnet, *options):
    """Have an overlay network of the platform's own.

    :return: what was done, in words, in a list
    """
    if name in docker.lines("network", "ls", "--format", "{{.Name}}"):
        [found] = docker.inspect("network", [name])
        if (found["Labels"] or {}).get(LABEL) != settings.platform:
            raise Failure(f"the network {name} is not this platform's", "remove it")
        return []
    docker.run(
        "network", "create", "-d", "overlay", "--subnet", subnet, *options,
        "--label", f"{LABEL}={settings.platform}", name,
    )  # fmt: skip
    return [f"made the network {name}"]


def _note_gateway(settings, docker):
    [found] = docker.inspect("network", [BRIDGE])
    [config] = [c for c in found["IPAM"]["Config"] if "." in c["Subnet"]]
    text = f"{config['Gateway']} {config['Subnet']}\n"
    files.write(settings.etc / "gateway", text)


def _free_networks(docker):
    """Return parts of a /16 that nothing on this machine has an address or route in.

    :return: what Swarm may take for networks of its own, the cell's, the edge's
    """
    names = docker.lines("network", "ls", "-q")
    taken = [
        ipaddress.ip_network(config["Subnet"])
        for network in docker.inspect("network", names)
        for config in network["IPAM"]["Config"] or []
    ]
    taken += _routes()
    for number in range(128, 255):
        block = ipaddress.ip_network(f"10.{number}.0.0/16")
        if not any(n.version == 4 and n.overlaps(block) for n in taken):
            pool, rest = block.subnets()
            return pool, next(rest.subnets(3)), [*rest.subnets(7)][-1]
    raise Failure("no /16 of 10.128.0.0/9 is free for tenants", "free one: ip route")


def _routes():
    lines = Path("/proc/net/route").read_text().splitlines()[1:]
    for fields in map(str.split, lines):
        address, mask = (
            ipaddress.ip_address(bytes.fromhex(fields[column])[::-1])
            for column in (1, 7)
        )
        if int(mask):  # not the default route
            yield ipaddress.ip_network(f"{address}/{mask}")


def _let_jobs_in(settings):
    """Let `jobs` talk to an engine that is somebody else's.

    :return: what was done, in words, in a list
    """
    path = settings.docker_host.removeprefix("unix://")
    group = grp.getgrgid(os.stat(path).st_gid).gr_name
    if group == "root":
        cure = "start the engine with --group docker"
        raise Failure(f"{path} is open to root alone", cure)
    if accounts.JOBS in grp.getgrnam(group).gr_mem or group == accounts.JOBS:
        return []
    run(["usermod", "-aG", group, accounts.JOBS])
    return [f"added {accounts.JOBS} to the group {group}"]


def state_of(docker):
    """Return how the engine's swarm is: active, inactive, …"""
    return docker.run("info", "-f", "{{.Swarm.LocalNodeState}}")


def _database_port(settings):
    return settings.ports["postgresql"]
