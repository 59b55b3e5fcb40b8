"""What a tenant reaches from inside its container, with swarm/firewall on the node."""

import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest
from real_machine import CHECKOUT, wait_until
from real_swarm import ADDRESS, DEVICE, GATEWAY

pytestmark = pytest.mark.slow

SCRIPT = CHECKOUT / "swarm/firewall"
INTERNET, METADATA = "198.51.100.7", "169.254.169.254"
DATABASE, OTHER, RELAY, NAMES = 5432, 6379, 25, 53
MAIL_PORTS = (25, 465, 587)
CONNECT = (
    "import socket, sys; "
    "socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).recv(1)"
)


@pytest.fixture(scope="module")
def peers():
    """Servers on the other side of the node's cable: some private, one public."""
    with ExitStack() as stack:
        for address in (INTERNET, METADATA):
            place = (f"{address}/32", "dev", DEVICE)
            subprocess.run(["ip", "address", "add", *place], check=True)
            command = ["ip", "address", "del", *place]
            stack.callback(subprocess.run, command, check=True)
        for place in (
            (GATEWAY, DATABASE),
            (GATEWAY, OTHER),
            (INTERNET, 80),
            (METADATA, 80),
            (GATEWAY, RELAY),
            (GATEWAY, NAMES),
            *((INTERNET, port) for port in MAIL_PORTS),
        ):
            stack.enter_context(socket.create_server(place, backlog=100))
        yield


@pytest.fixture(scope="module")
def tenant(swarm, machine, tenants, peers):
    """A running tenant on a node that has a way out."""
    swarm.inside("ip", "route", "replace", "default", "via", GATEWAY)
    spec = swarm.on_swarm(tenants.make())
    machine.directory().ensure_directory(spec.directory)
    swarm.driver().ensure_service(spec)
    wait_until(lambda: swarm.ask(spec), "the tenant", 60)
    yield spec
    swarm.driver().remove_service(spec)


@pytest.fixture
def firewall(swarm):
    swarm.inside(SCRIPT, "apply", f"{GATEWAY}:{DATABASE}", f"{GATEWAY}:{RELAY}")
    yield
    swarm.inside(SCRIPT, "remove")


def reaches(swarm, tenant, address, port):
    """Tell whether a connection from inside is taken; nobody says a word on it."""
    (container,) = swarm.containers(tenant)
    done = subprocess.run(
        ["nsenter", "-n", "-t", str(container["State"]["Pid"])]
        + [sys.executable, "-c", CONNECT, address, str(port)],
        capture_output=True,
        text=True,
    )
    # Whoever was taken waits for a byte in vain; whoever was not is told at once.
    refused = "refused" in done.stderr or "unreachable" in done.stderr
    assert refused or "timed out" in done.stderr, done.stderr
    return not refused


CLOSED = [
    (GATEWAY, OTHER),
    (GATEWAY, NAMES),
    (METADATA, 80),
    (ADDRESS, 2376),  # the node's own engine
    *((INTERNET, port) for port in MAIL_PORTS),
]


@pytest.mark.usefixtures("firewall")
@pytest.mark.parametrize(
    "place", [(GATEWAY, DATABASE), (GATEWAY, RELAY), (INTERNET, 80)]
)
def test_database_relay_and_internet_answer(swarm, tenant, place):
    assert reaches(swarm, tenant, *place)


@pytest.mark.usefixtures("firewall")
@pytest.mark.parametrize("place", CLOSED)
def test_what_is_private_or_takes_mail_does_not(swarm, tenant, place):
    assert not reaches(swarm, tenant, *place)


@pytest.mark.parametrize("place", CLOSED)
def test_it_is_the_firewall_that_closes_it(swarm, tenant, place):
    assert reaches(swarm, tenant, *place)


@pytest.mark.usefixtures("firewall")
def test_the_tenant_itself_still_answers(swarm, tenant):
    assert swarm.ask(tenant)


def test_to_apply_it_again_changes_all_and_doubles_nothing(swarm, tenant, firewall):
    before = rules(swarm)
    swarm.inside(SCRIPT, "apply", f"{GATEWAY}:{DATABASE}", f"{GATEWAY}:{RELAY}")
    assert rules(swarm) == before
    swarm.inside(SCRIPT, "apply", f"{GATEWAY}:{OTHER}")
    assert reaches(swarm, tenant, GATEWAY, OTHER)
    assert not reaches(swarm, tenant, GATEWAY, DATABASE)


def test_names_are_asked_of_the_resolvers_of_the_node_and_of_nothing_else_there(
    swarm, tenant, firewall, tmp_path
):
    conf = tmp_path / "resolv.conf"
    conf.write_text(f"search example\nnameserver 127.0.0.1\nnameserver\t{GATEWAY}\n")
    with_resolver = ("env", f"RESOLV_CONF={conf}", SCRIPT, "apply")
    swarm.inside(*with_resolver, f"{GATEWAY}:{DATABASE}")
    assert reaches(swarm, tenant, GATEWAY, NAMES)
    assert not reaches(swarm, tenant, GATEWAY, OTHER)
    to_names = [line for line in rules(swarm)[0].splitlines() if "--dport 53" in line]
    assert {line.split()[3] for line in to_names} == {f"{GATEWAY}/32"}
    assert {line.split()[5] for line in to_names} == {"tcp", "udp"}


def test_removed_it_leaves_nothing(swarm, tenant):
    before = rules(swarm)
    swarm.inside(SCRIPT, "apply", f"{GATEWAY}:{DATABASE}")
    assert rules(swarm) != before
    swarm.inside(SCRIPT, "remove")
    assert rules(swarm) == before


def rules(swarm):
    """List the rules of both families, without counters."""
    return [swarm.inside(program, "-S") for program in ("iptables", "ip6tables")]


@pytest.mark.parametrize(
    "words", [("apply",), ("apply", "db; reboot"), ("apply", "10.0.0.5"), ("open",)]
)
def test_wrong_words_change_nothing(swarm, words):
    before = rules(swarm)
    with pytest.raises(subprocess.CalledProcessError) as caught:
        swarm.inside(SCRIPT, *words)
    assert caught.value.returncode == 2
    assert rules(swarm) == before
