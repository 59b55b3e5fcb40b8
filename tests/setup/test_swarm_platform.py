"""A real engine, a real swarm, and the real stack of swarm/edge.yml on it.

In the machine's own network, as `make up RUNTIME=swarm` makes it: one at a time.
"""

import dataclasses
import json
import os
import signal
from pathlib import Path

import pytest

from scripts.setup import (
    certificates,
    data_plane,
    edge,
    folders,
    processes,
    stages,
    supervisors,
    swarm,
    swarm_services,
    teardown,
)
from scripts.setup.accounts import JOBS, WEB
from scripts.setup.choices import load
from scripts.setup.commands import run, try_run
from scripts.setup.docker_cli import Docker
from scripts.setup.doctor import servers
from scripts.setup.runner import Failure, Report, wait_for
from scripts.setup.stack import SETTLE_SECONDS
from scripts.testing.swarm_platform import CHOICES, alone

pytestmark = pytest.mark.slow

HOST = "acme.tenants.localhost"
PING = "import redis; print(redis.Redis(unix_socket_path={!r}, {}).ping())"
CONNECT = "import socket; socket.create_connection(({!r}, {}), 3)"
LOG_IN = """
import psycopg2
psycopg2.connect(host={!r}, port={}, dbname="postgres", user={!r}, password="wrong",
                 sslmode={!r}, sslrootcert="/tmp/ca.pem")
"""

MAIL = """
import smtplib, ssl
client = smtplib.SMTP({!r}, {}, timeout=10)
client.ehlo()
print("in clear", client.has_extn("auth"))
client.starttls(context=ssl.create_default_context(cafile="/tmp/ca.pem"))
client.ehlo()
print("under TLS", client.has_extn("auth"))
"""


@pytest.fixture(scope="module")
def platform():
    """Settings of a platform whose servers are up; nothing is left of it."""
    with alone():
        settings = load(CHOICES)
        if settings.choices.exists():  # of a run that was killed
            remove(settings)
        try:
            stages.bring_up_servers(settings, Report())
            yield settings
        finally:
            if settings.choices.exists():
                remove(settings)


def remove(settings):
    teardown.stop_all(settings, Report(), removing=True)
    teardown.remove(settings)


@pytest.fixture(scope="module")
def docker(platform):
    return Docker(platform.docker_host)


@pytest.fixture(scope="module")
def tenant(platform, docker):
    """Run Python in a container where tenants are; return how it ended."""
    image = stages.images.find_or_build(platform, "tenant", platform.docker_host)
    docker.run(
        "service", "create", "-q", "--name", "probe", "--network",
        swarm.cell_name(platform), "--endpoint-mode", "dnsrr", "--no-resolve-image",
        "--label", f"{swarm.LABEL}={platform.platform}",
        "--entrypoint", "sleep", image, "3600",
    )  # fmt: skip
    authority = certificates.authority(platform).read_text()

    def execute(script):
        [container] = docker.lines("ps", "-q", "--filter", "name=probe")
        write = f"open('/tmp/ca.pem', 'w').write({authority!r})\n"
        return docker.try_run("exec", container, "python3", "-c", write + script)

    yield execute
    docker.try_run("service", "rm", "probe")


def ask(settings, url, authority=None):
    """Ask as a browser that trusts the platform's CA.

    :return: status (0 without an answer), where it leads to, and the page
    """
    done = try_run(
        ["curl", "-s", "--max-time", "10", "--connect-to", "::127.0.0.1:", "--cacert",
         authority or certificates.authority(settings),
         "-w", "\n%{http_code} %{redirect_url}", url]
    )  # fmt: skip
    page, _, words = done.stdout.rpartition("\n")
    status, _, target = words.partition(" ")
    return int(status), target, page


def address(settings, port="tenants", scheme="https"):
    return f"{scheme}://{HOST}:{settings.ports[port]}/web"


def is_served(settings):
    return ask(settings, address(settings))[0] == 503


def containers(docker):
    return {*docker.lines("ps", "-q", "--no-trunc")}


def configs(settings, docker):
    label = f"label=com.docker.stack.namespace={swarm_services.stack_name(settings)}"
    return {*docker.lines("config", "ls", "--filter", label, "--format", "{{.Name}}")}


def test_the_second_time_nothing_changes(platform, docker):
    before = containers(docker)

    assert data_plane.bring_up(platform) == "unchanged"
    assert edge.deploy(platform) == "unchanged"
    assert containers(docker) == before


def test_an_address_of_nobody_answers_with_a_page_over_tls(platform):
    status, _, page = ask(platform, address(platform))

    assert (status, "<!doctype html" in page.lower()) == (503, True)


def test_http_leads_to_https(platform):
    status, target, _ = ask(platform, address(platform, "redirect", "http"))

    assert (status, target) == (301, address(platform))


def test_a_ca_of_nobody_is_not_enough(platform):
    others = "/etc/ssl/certs/ca-certificates.crt"

    assert ask(platform, address(platform), others)[0] == 0


def test_all_but_the_bridge_of_tenants_is_on_loopback(platform):
    ours = processes.servers(platform.run)
    listeners = processes.listeners()
    places = {place for place, pid in listeners.items() if pid in ours}
    gateway, _ = swarm.gateway(platform)

    assert {place for place in places if place[0] not in ("127.0.0.1", "::1")} == {
        (gateway, platform.ports[name]) for name in ("postgresql", "mail")
    }
    published = {platform.ports[name] for name in ("tenants", "redirect", "ops")}
    assert published <= {port for _, port in places}


def test_jobs_alone_comes_to_redis_and_not_without_its_password(platform):
    def ping(user, login=""):
        script = PING.format(str(edge.redis_socket(platform)), login)
        return try_run([platform.venv / "bin/python", "-c", script], user=user).stdout

    password = folders.kept_password(platform, "routes")
    assert "True" in ping(JOBS, f"username='saasodoo', password={password!r}")
    assert "Authentication" in ping(JOBS)
    assert "Permission denied" in ping(WEB)


def test_jobs_may_talk_to_the_engine_and_web_may_not(platform):
    ping = ["docker", "-H", platform.docker_host, "version"]

    assert try_run(ping, user=JOBS).returncode == 0
    assert try_run(ping, user=WEB).returncode != 0


def test_a_tenant_comes_to_its_database_over_tls_alone(platform, tenant):
    gateway, _ = swarm.gateway(platform)

    def log_in(user, mode):
        script = LOG_IN.format(gateway, platform.ports["postgresql"], user, mode)
        return tenant(script).stdout

    assert "password authentication failed" in log_in("odoo_x", "verify-full")
    assert "no encryption" in log_in("odoo_x", "disable")
    for user in ("saas_admin", "saas_owner", "saas_web", "postgres"):
        assert "rejects connection" in log_in(user, "verify-full")


def test_a_tenant_comes_to_the_mail_relay_and_shows_its_login_under_tls_alone(
    platform, tenant
):
    gateway, _ = swarm.gateway(platform)
    said = tenant(MAIL.format(gateway, platform.ports["mail"])).stdout
    assert "in clear False" in said
    assert "under TLS True" in said


def test_a_tenant_comes_to_nothing_else_of_ours(platform, docker, tenant):
    gateway, _ = swarm.gateway(platform)
    [found] = docker.inspect("network", [swarm.edge_name(platform)])
    edge = [c["IPv4Address"].partition("/")[0] for c in found["Containers"].values()]
    places = [("redis", 6379), ("notice", 8080), ("169.254.169.254", 80)]
    places += [(each, port) for each in edge for port in (6379, 8080)]
    places += [(gateway, port) for port in (platform.ports["master"], 2377, 22)]

    reached = [p for p in places if not tenant(CONNECT.format(*p)).returncode]

    assert reached == []


def test_containers_have_no_more_rights_than_they_need(platform, docker):
    for name in edge.SERVICES:
        [found] = docker.lines("ps", "-q", "--filter", f"name=_{name}.")
        [container] = docker.inspect("container", [found])
        host, pid = container["HostConfig"], container["State"]["Pid"]
        status = Path(f"/proc/{pid}/status").read_text()
        assert (host["ReadonlyRootfs"], host["CapDrop"]) == (True, ["ALL"])
        assert "CapEff:\t0000000000000000" in status
        assert "NoNewPrivs:\t1" in status
        assert processes.user_of(pid) != 0
        assert host["Memory"] and host["NanoCpus"]
        words = json.dumps(container)
        for secret in ("routes", "traefik"):
            assert folders.kept_password(platform, secret) not in words


def test_the_doctor_finds_all_well_and_says_what_is_not(platform, docker):
    def troubles():
        found = {f.name: f.trouble for f in servers.check_swarm(platform) if f.trouble}
        # There is no master here.
        return {name: found[name] for name in found if "-master_" not in name}

    assert troubles() == {}
    name = f"{swarm_services.stack_name(platform)}_notice"
    docker.run("service", "scale", "-d", f"{name}=0")
    try:
        wait_for(troubles, 30, "the doctor's finding")
        assert [*troubles()] == [f"service {name}"]
    finally:
        docker.run("service", "scale", "-d", f"{name}=1")
    wait_for(lambda: not troubles(), SETTLE_SECONDS, "the notice pages")


def test_a_deployment_is_rolled_back_by_hand(platform, docker, monkeypatch):
    before = configs(platform, docker)
    monkeypatch.setitem(edge.INSIDE, "notice_temp", "/tmp/.")

    assert edge.deploy(platform) == "deployed"
    assert len(configs(platform, docker) - before) == 1

    name = f"{swarm_services.stack_name(platform)}_notice"
    assert name in edge.of(platform).roll_back()
    assert is_served(platform)
    assert name in edge.of(platform).roll_back()  # Again: forward.
    assert edge.of(platform).stop()
    assert edge.of(platform).start()
    assert edge.of(platform).roll_back() == "nothing to go back to"
    monkeypatch.undo()
    assert edge.deploy(platform) == "deployed"
    assert is_served(platform)


def test_what_does_not_come_up_is_taken_back_and_told(platform, monkeypatch):
    monkeypatch.setitem(edge.INSIDE, "entry_tls", "\n    nonsense: {}")

    with pytest.raises(Failure, match="_traefik did not come up and went back"):
        edge.deploy(platform)

    monkeypatch.undo()
    wait_for(lambda: is_served(platform), SETTLE_SECONDS, "Traefik as it was")
    assert edge.deploy(platform) == "deployed"


def test_old_configurations_do_not_pile_up(platform, docker, monkeypatch):
    for number in range(3):
        monkeypatch.setitem(edge.INSIDE, "notice_temp", "/tmp" + "/." * number)
        edge.deploy(platform)

    names = [n for n in configs(platform, docker) if "notice-conf" in n]
    assert len(names) == 2  # the present one, and the one to go back to


def test_a_given_certificate_is_served(platform, tmp_path):
    other = dataclasses.replace(platform, run=tmp_path)
    (tmp_path / "tls").mkdir()
    certificates.prepare(other, "127.0.0.1")
    given = dataclasses.replace(
        platform,
        tls_cert=str(tmp_path / "tls/wildcard.pem"),
        tls_key=str(tmp_path / "tls/wildcard.key"),
    )

    edge.deploy(given)
    assert ask(given, address(given), tmp_path / "tls/ca.pem")[0] == 503

    edge.deploy(platform)
    assert ask(platform, address(platform))[0] == 503


@pytest.mark.parametrize("victim", ["dockerd", "supervisord"])
def test_what_was_killed_comes_back(platform, victim):
    if victim == "dockerd":
        pid = int((platform.run / "docker/docker.pid").read_text())
    else:
        pid = supervisors.pid_of(platform, supervisors.DATA)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not processes.is_alive(pid), 10, "its end")

    data_plane.bring_up(platform)
    wait_for(lambda: is_served(platform), SETTLE_SECONDS, "Traefik")
    wait_for(
        lambda: not any(edge.of(platform).troubles().values()),
        SETTLE_SECONDS,
        "all services",
    )


def test_down_stops_all_and_a_start_brings_it_back(platform):
    password = folders.kept_password(platform, "routes")
    client = ["redis-cli", "-s", edge.redis_socket(platform), "--user", "saasodoo"]
    client += ["--no-auth-warning", "-a", password]
    run([*client, "set", "traefik/kept", "1"], user=JOBS)

    teardown.stop_all(platform, Report())
    assert not processes.servers(platform.run)
    assert not is_served(platform)

    assert supervisors.wake(platform, supervisors.DATA)
    data_plane.wake(platform)
    wait_for(lambda: is_served(platform), SETTLE_SECONDS, "Traefik")
    assert data_plane._at_bridge(platform)
    assert run([*client, "get", "traefik/kept"], user=JOBS).strip() == "1"
    assert data_plane.bring_up(platform) == "unchanged"


def test_reset_leaves_nothing(platform):
    """The last one: the fixture finds nothing to remove."""
    remove(platform)

    assert swarm.BRIDGE not in Path("/proc/net/dev").read_text()
    assert str(platform.run) not in Path("/proc/self/mounts").read_text()
    assert not platform.run.exists()
    assert "SAASODOO" not in run(["iptables-save"])
