"""What only a real swarm shows; what it shares with processes: test_runtimes.py."""

import json
import os
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest
from drivers.errors import NotOurs, PermanentInfraError, RetryableInfraError
from drivers.specs import Limits, TaskSpec
from drivers.swarm_engine import Engine
from real_machine import wait_until
from real_swarm import ADDRESS

pytestmark = pytest.mark.slow


@pytest.fixture
def real(swarm):
    return swarm.driver()


@pytest.fixture
def make(swarm, machine, tenants):
    """Make the spec of a tenant that has a directory."""

    def make_one():
        spec = swarm.on_swarm(tenants.make())
        machine.directory().ensure_directory(spec.directory)
        return spec

    return make_one


@pytest.fixture
def running(real, make, swarm):
    spec = make()
    real.ensure_service(spec)
    wait_until(lambda: swarm.place_of(spec), "health", 60)
    yield spec
    real.remove_service(spec)


def inspect(swarm, spec):
    return swarm.client().inspect_service(spec.name)


def status_of(container):
    with open(f"/proc/{container['State']['Pid']}/status") as file:
        return dict(line.split(":\t", 1) for line in file)


def test_a_tenant_runs_as_its_own_user_with_no_capability(running, swarm):
    assert swarm.ask(running)["ids"] == [[running.uid] * 3] * 2 + [[running.uid]]
    (container,) = swarm.containers(running)
    status = status_of(container)
    for field in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[field], 16) == 0
    assert status["NoNewPrivs"].strip() == "1"


def test_a_container_is_bounded(running, swarm):
    (container,) = swarm.containers(running)
    host = container["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert host["PidsLimit"] == 512
    assert host["Memory"] == running.limits.memory
    assert host["NanoCpus"] == 10**9 * running.limits.cpu
    assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}
    mounts = Path(f"/proc/{container['State']['Pid']}/mounts").read_text()
    options = dict(line.split()[1:4:2] for line in mounts.splitlines())
    assert options["/"].startswith("ro,")
    assert {options[path][:2] for path in ("/tmp", "/run", "/var/lib/odoo")} == {"rw"}


def test_swarm_exchanges_a_task_only_for_a_healthy_one(running, swarm):
    spec = inspect(swarm, running)["Spec"]
    assert spec["EndpointSpec"]["Mode"] == "dnsrr"
    assert spec["UpdateConfig"]["Order"] == "start-first"
    assert spec["UpdateConfig"]["FailureAction"] == "rollback"
    container = spec["TaskTemplate"]["ContainerSpec"]
    assert container["StopGracePeriod"] == 60 * 10**9
    assert "/web/health" in container["Healthcheck"]["Test"][-1]


def test_secrets_are_seen_by_the_tenant_only(running, swarm, real):
    (container,) = swarm.containers(running)
    client = swarm.client()
    seen = json.dumps(
        [
            container,
            inspect(swarm, running),
            client.tasks(filters={"service": running.name}),
            client.secrets(),
            swarm.ask(running)["environment"],
            real.logs(running),
        ]
    )
    command = Path(f"/proc/{container['State']['Pid']}/cmdline").read_text()
    for secret in (running.database.password, running.proxy_secret):
        assert secret not in seen
        assert secret not in command
    conf = Path(f"/proc/{container['State']['Pid']}/root/run/secrets/odoo.conf")
    assert running.database.password in conf.read_text()
    found = conf.stat()
    assert (found.st_uid, found.st_mode & 0o777) == (running.uid, 0o400)


def test_a_tenant_trusts_the_database_servers_authority_alone(running, swarm, real):
    real.ensure_service(replace(running, database_ca="AN AUTHORITY"))
    container = swarm.containers(running)[-1]
    files = Path(f"/proc/{container['State']['Pid']}/root/run/secrets")
    authority = files / "database-ca.pem"
    assert authority.read_text() == "AN AUTHORITY"
    assert authority.stat().st_uid == running.uid
    assert f"PGSSLROOTCERT=/run/secrets/{authority.name}" in container["Config"]["Env"]
    assert "db_sslmode = verify-full" in (files / "odoo.conf").read_text()


def test_a_change_brings_a_new_secret_and_removes_the_old_one(running, swarm, real):
    before = swarm.containers(running)[0]["Id"]
    changed = replace(
        running,
        proxy_secret="another_secret",
        limits=Limits(cpu=0.5, memory=512 * 1024**2, storage=1),
    )
    real.ensure_service(changed)
    after = swarm.containers(running)[-1]
    assert after["Id"] != before
    assert after["HostConfig"]["Memory"] == 512 * 1024**2
    assert after["State"]["Health"]["Status"] == "healthy"
    mine = [
        each["Spec"]["Name"]
        for each in swarm.client().secrets()
        if each["Spec"]["Labels"].get("saasodoo.mark") == str(running.mark)
    ]
    assert len(mine) == 1
    container = inspect(swarm, running)["Spec"]["TaskTemplate"]["ContainerSpec"]
    assert container["Secrets"][0]["SecretName"] == mine[0]


def test_a_change_that_does_not_work_is_taken_back_and_says_so(running, swarm, real):
    before = swarm.containers(running)[0]["Id"]
    with pytest.raises(PermanentInfraError, match="No such image|image is missing"):
        real.ensure_service(replace(running, image=f"sha256:{'0' * 64}"))
    assert [each["Id"] for each in swarm.containers(running)] == [before]
    assert real.list_services()[running.name].running


def test_a_change_in_between_is_read_again(running, swarm, real, monkeypatch):
    call, meanwhile = Engine.call, []

    def late(self, method, *arguments, **values):
        if method == "update_service" and not meanwhile:
            meanwhile.append(True)
            current = inspect(swarm, running)
            swarm.client().update_service(
                running.name,
                current["Version"]["Index"],
                name=running.name,
                labels=current["Spec"]["Labels"] | {"other": "hand"},
                fetch_current_spec=True,
            )
        return call(self, method, *arguments, **values)

    monkeypatch.setattr(Engine, "call", late)
    real.stop_service(running)
    assert meanwhile
    assert inspect(swarm, running)["Spec"]["Mode"]["Replicated"]["Replicas"] == 0


def test_a_stopped_service_keeps_its_image_and_has_no_container(running, swarm, real):
    real.stop_service(running)
    assert swarm.containers(running) == []
    container = inspect(swarm, running)["Spec"]["TaskTemplate"]["ContainerSpec"]
    assert container["Image"] == swarm.image


def test_a_service_of_somebody_else_is_left_alone(swarm, real, make):
    spec, client = make(), swarm.client()
    template = {"ContainerSpec": {"Image": swarm.image, "Args": ["nothing"]}}
    client.create_service(
        template, name=spec.name, mode={"Replicated": {"Replicas": 0}}
    )
    before = inspect(swarm, spec)
    for touch in (real.ensure_service, real.stop_service, real.remove_service):
        with pytest.raises(NotOurs):
            touch(spec)
    assert inspect(swarm, spec) == before
    assert spec.name not in real.list_services()
    client.remove_service(spec.name)


def test_a_service_without_its_directory_says_so(swarm, real, tenants):
    spec = swarm.on_swarm(tenants.make())
    real.ensure_service(spec)

    def says():
        state = real.list_services()[spec.name]
        return "no directory" in state.message and not state.running

    wait_until(says, "the message", 60)
    real.remove_service(spec)


def test_a_service_that_fits_no_node_says_so(swarm, real, make):
    spec = replace(make(), constraints=("node.labels.disk == moon",))
    real.ensure_service(spec)
    state = wait_until(
        lambda: (found := real.list_services()[spec.name]).message and found,
        "the message",
    )
    assert "No node takes it" in state.message
    assert not state.running
    real.remove_service(spec)


def test_a_tenant_that_crashes_says_so_and_comes_back(running, swarm, real):
    swarm.ask(running, "/crash")
    wait_until(
        lambda: "exit code 1" in real.list_services()[running.name].message,
        "the message",
    )
    wait_until(lambda: real.list_services()[running.name].running, "the restart", 60)


def test_a_task_has_the_limits_of_its_tenant(swarm, real, make):
    spec = TaskSpec(service=make(), modules=("web",), languages=("fr_FR",))
    real.run_task(spec)
    template = inspect(swarm, spec)["Spec"]["TaskTemplate"]
    assert template["Resources"]["Limits"]["MemoryBytes"] == spec.service.limits.memory
    assert inspect(swarm, spec)["Spec"]["Mode"] == {
        "ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}
    }
    real.remove_task(spec)


@pytest.mark.parametrize(
    "values",
    [
        {"name": "../evil"},
        {"uid": 0},
        {"image": ""},
        {"storage_root": "relative"},
        {"proxy_secret": "two\nlines"},
        {"database_host": "x\nlist_db = True"},
    ],
    ids=lambda values: "-".join(values),
)
def test_swarm_is_told_nothing_odd(swarm, real, make, values):
    spec = replace(make(), **values)
    with pytest.raises(PermanentInfraError):
        real.ensure_service(spec)


def test_a_node_tells_how_big_it_is_but_not_its_load(real):
    (node,) = real.list_nodes().values()
    assert node.cores == os.cpu_count()
    assert node.memory == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert node.load is None


def test_an_engine_that_is_down_is_no_empty_listing(swarm):
    driver = swarm.driver(address="unix:///nonexistent/docker.sock")
    for touch in (
        driver.list_services,
        driver.list_tasks,
        driver.list_nodes,
        driver.check,
    ):
        with pytest.raises(RetryableInfraError, match="does not answer") as caught:
            touch()
        assert "dockerd" in caught.value.cure


def test_an_engine_that_hangs_is_given_up(swarm, tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "mute.sock"))
        server.listen()
        driver = swarm.driver(address=f"unix://{tmp_path}/mute.sock", timeout=0.5)
        begun = time.monotonic()
        with pytest.raises(RetryableInfraError, match="does not answer"):
            driver.check()
        assert time.monotonic() - begun < 10


def test_a_manager_is_reached_over_tls_by_those_with_a_certificate(swarm):
    address = f"tcp://{ADDRESS}:2376"
    swarm.driver(address=address, certificates=swarm.certificates()).check()
    expired = swarm.certificates("expired")
    with pytest.raises(PermanentInfraError, match="has for tcp.* expired on"):
        swarm.driver(address=address, certificates=expired).check()
    stranger = swarm.certificates("server")  # of the authority, but no client's
    with pytest.raises(PermanentInfraError, match="refuses this platform's"):
        swarm.driver(address=address, certificates=stranger).check()
    with pytest.raises(PermanentInfraError, match="open to everybody"):
        swarm.driver(address=address)
