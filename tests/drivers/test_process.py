"""Processes; what they share with a swarm is in test_runtimes.py."""

import json
import os
import signal
import socket
import subprocess
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest
from drivers.errors import InfraError, NotOurs, PermanentInfraError, RetryableInfraError
from drivers.specs import MailSpec
from listening import listening
from real_machine import RealMachine, wait_until

MAIL = MailSpec(
    host="127.0.0.1",
    port=25,
    login="odoo_1",
    password="mail_secret",
    address="odoo_1@tenants.localhost",
)


@pytest.fixture
def service(process, directory, tenants):
    spec = tenants.make()
    directory.ensure_directory(spec.directory)
    process.ensure_service(spec)
    yield spec
    process.remove_service(spec)
    directory.remove_directory(spec.directory)


def test_a_service_without_its_directory_is_refused(process, tenants):
    with pytest.raises(PermanentInfraError, match="no directory"):
        process.ensure_service(tenants.make())


@pytest.mark.parametrize("taken", ["port", "uid"])
def test_a_port_or_user_of_a_neighbour_is_refused(
    process, directory, service, tenants, taken
):
    spec = tenants.make()
    directory.ensure_directory(spec.directory)
    values = {taken: getattr(service, taken)}
    with pytest.raises(NotOurs, match=str(values[taken])):
        process.ensure_service(replace(spec, **values))
    assert spec.name not in process.list_services()
    directory.remove_directory(spec.directory)


def test_this_machine_is_a_node_that_tells_its_load(process):
    nodes = process.list_nodes()
    assert list(nodes) == ["localhost"]
    assert nodes["localhost"].load >= 0


# Only a real supervisor can show these


@pytest.fixture
def real(machine):
    return machine.process()


@pytest.fixture
def running(machine, real, tenants):
    spec = tenants.make()
    machine.directory().ensure_directory(spec.directory)
    real.ensure_service(spec)
    wait_until(lambda: ask(spec), "the first answer")
    yield spec
    machine.process().remove_service(spec)


def ask(spec, path="/"):
    """Ask the stub tenant; None while it does not answer."""
    address = f"http://127.0.0.1:{spec.port}{path}"
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return json.load(answer)
    except OSError:
        return None


def test_a_tenant_runs_as_its_own_user_with_no_capability(running):
    answer = ask(running)
    uid = running.uid
    assert answer["ids"] == [[uid] * 3, [uid] * 3, []]
    with open(f"/proc/{answer['pid']}/status") as file:
        status = dict(line.split(":\t", 1) for line in file)
    for field in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[field], 16) == 0
    assert status["NoNewPrivs"].strip() == "1"


def test_a_tenants_fork_bomb_ends_at_its_limit_and_its_memory_has_one(running):
    forked, address_space = ask(running, "/fork-bomb")["limits"]
    assert 400 < forked < 512
    assert address_space == [3 * running.limits.memory] * 2


def test_a_tenant_gets_nothing_of_roots_environment(running, machine):
    environment = ask(running)["environment"]
    assert set(environment) - {"LC_CTYPE", "PWD", "OLDPWD", "SHLVL", "_"} == {
        "HOME",
        "TMPDIR",
        "USER",
        "LOGNAME",
        "PATH",
        "LANG",
        "PGREQUIREAUTH",
    }
    assert environment["HOME"] == str(machine.path(running.directory))


def test_a_tenant_has_a_place_of_its_own_for_temporary_files(running, machine):
    place = machine.path(running.directory) / "tmp"
    assert ask(running)["environment"]["TMPDIR"] == str(place)
    found = place.stat()
    assert (found.st_uid, oct(found.st_mode & 0o777)) == (running.uid, "0o700")


def test_secrets_are_in_no_command_line_and_in_files_of_the_tenant_only(
    running, machine
):
    listed = subprocess.run(["ps", "axww"], capture_output=True, text=True).stdout
    assert running.database.password not in listed
    assert running.proxy_secret not in listed
    conf = machine.path(running.directory) / "odoo.conf"
    found = conf.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (
        0,
        running.uid,
        0o640,
    )
    assert running.database.password in conf.read_text()
    log = machine.run / f"log/tenants/{running.name}.log"
    assert log.stat().st_uid == running.uid
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_tenant_reads_nothing_of_its_neighbour(running, machine, real, tenants):
    other = tenants.make()
    machine.directory().ensure_directory(other.directory)
    real.ensure_service(other)
    places = [
        machine.path(other.directory),
        machine.path(other.directory) / "odoo.conf",
        machine.run / f"log/tenants/{other.name}.log",
        machine.run / f"data-plane/locks/{other.name}.lock",
        machine.run / f"data-plane/programs/{other.name}.conf",
    ]
    for place in places:
        done = subprocess.run(
            ["ls" if place.is_dir() else "cat", place],
            user=running.uid,
            group=running.uid,
            extra_groups=[],
            capture_output=True,
        )
        assert done.returncode, place
    real.remove_service(other)


def test_a_change_restarts_it_with_the_new_files(running, real, machine):
    before = ask(running)["pid"]
    changed = replace(running, proxy_secret="another_secret")
    real.ensure_service(changed)
    after = wait_until(lambda: ask(running), "an answer after the change")["pid"]
    assert after != before
    assert machine.processes(running.uid) == [after]
    conf = machine.path(running.directory) / "odoo.conf"
    assert "another_secret" in conf.read_text()


def test_how_it_sends_mail_is_in_its_configuration_alone(running, real, machine):
    conf = machine.path(running.directory) / "odoo.conf"
    # It must not try whoever listens on this machine's port 25.
    assert "\nsmtp_server = \n" in conf.read_text()
    real.ensure_service(replace(running, mail=MAIL))
    for line in (
        "smtp_server = 127.0.0.1",
        "smtp_ssl = False",
        "smtp_user = odoo_1",
        "smtp_password = mail_secret",
        "email_from = odoo_1@tenants.localhost",
        "from_filter = odoo_1@tenants.localhost",
    ):
        assert f"\n{line}\n" in conf.read_text()
    listed = subprocess.run(["ps", "axww"], capture_output=True, text=True).stdout
    assert MAIL.password not in listed


def test_a_change_that_a_crash_left_half_done_is_finished(running, real):
    before = ask(running)["pid"]
    changed = replace(running, proxy_secret="another_secret")
    real._write(changed)  # dies before it talks to the supervisor
    real.ensure_service(changed)
    assert wait_until(lambda: ask(running), "an answer")["pid"] != before


def test_a_tenant_that_crashes_comes_back_and_one_that_cannot_says_so(
    running, real, machine
):
    before = ask(running)["pid"]
    ask(running, "/crash")
    answer = wait_until(lambda: ask(running), "the restart")
    assert answer["pid"] != before
    conf = machine.path(running.directory) / "odoo.conf"
    content = conf.read_text()
    conf.write_text("nonsense")
    ask(running, "/crash")

    def crashes():
        state = real.list_services()[running.name]
        return "crashing" in state.message and not state.running

    wait_until(crashes, "the message")
    conf.write_text(content)
    wait_until(lambda: ask(running), "the recovery")


def test_a_service_outlives_the_death_of_its_supervisor_and_can_be_stopped(
    platform, tenants
):
    uids, ports = range(221000, 221100), range(22900, 22990)
    alone = type(tenants)(platform, uids.start, ports.start, 22081)
    with RealMachine.started(platform, uids, ports, 22081, with_nginx=False) as machine:
        spec, stopped = alone.make(), alone.make()
        driver = machine.process()
        for made in (spec, stopped):
            machine.directory().ensure_directory(made.directory)
            driver.ensure_service(made)
            wait_until(lambda made=made: ask(made), "the first answer")
        driver.stop_service(stopped)
        before = ask(spec)["pid"]
        machine.kill()
        assert ask(spec)["pid"] == before
        machine.start()

        def waits():
            return len(machine.processes(spec.uid)) == 2

        wait_until(waits, "a second copy that waits for the lock")
        driver.ensure_service(spec)
        assert ask(spec)["pid"] == before
        os.kill(before, signal.SIGKILL)
        after = wait_until(lambda: ask(spec), "the copy that waited")
        assert after["pid"] != before
        assert not driver.list_services()[stopped.name].running
        assert machine.processes(stopped.uid) == []
        machine.kill()
        machine.start()
        wait_until(waits, "a second copy again")
        driver.stop_service(spec)
        assert machine.processes(spec.uid) == []


def test_a_stubborn_process_of_the_tenant_ends_with_its_service(running, real, machine):
    script = "trap '' TERM; while :; do read -t 1 _ <> <(:); done"
    with start_as(running, ["bash", "-c", script]):
        assert len(machine.processes(running.uid)) > 1
        real.stop_service(running)
    assert machine.processes(running.uid) == []


def test_a_process_whose_name_is_no_text_stops_nobody(running, real, machine):
    script = "open('/proc/self/comm', 'wb').write(b'\\xff)\\xfe'); input()"
    with start_as(running, ["python3", "-c", script]) as hostile:
        wait_until(lambda: b"\xff" in comm_of(hostile), "the change of its name")
        assert running.name in real.usage()
        real.stop_service(running)
    assert machine.processes(running.uid) == []


def test_those_who_stop_whoever_would_end_them_are_ended(running, real, machine):
    script = (
        "import os, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "for _ in range(300):\n"  # so that to signal all of them takes time
        "    if not os.fork(): signal.pause()\n"
        "print(1)\n"
        "while True:\n"
        "    try: os.kill(-1, signal.SIGSTOP)\n"
        "    except ProcessLookupError: pass"
    )
    with start_as(running, ["python3", "-uc", script], stdout=subprocess.PIPE) as one:
        one.stdout.readline()
        real.stop_service(running)
    assert machine.processes(running.uid) == []


def test_nobody_is_listened_to_on_a_port_of_a_tenant_but_itself(
    running, real, machine, tenants
):
    neighbour, nobody = tenants.make().uid, 65534
    real.stop_service(running)
    for stranger in (neighbour, nobody):
        with listening(stranger, running.port), pytest.raises(TimeoutError):
            socket.create_connection(("127.0.0.1", running.port), timeout=0.5)
    with listening(neighbour, 22999), pytest.raises(TimeoutError):
        socket.create_connection(("127.0.0.1", 22999), timeout=0.5)

    real.ensure_service(running)
    wait_until(lambda: ask(running), "the tenant's own answer")


def test_a_kernel_that_was_told_to_forget_is_told_again(
    running, real, machine, platform
):
    table = ("table", "inet", f"saasodoo-{platform}")
    subprocess.run(["nft", "delete", *table], check=True)
    real.ensure_service(running)
    shown = subprocess.run(["nft", "list", *table], capture_output=True, text=True)
    assert f"{running.uid} . {running.port}" in shown.stdout


def start_as(tenant, command, **streams):
    """Start a process that the tenant would start."""
    return subprocess.Popen(
        command,
        user=tenant.uid,
        group=tenant.uid,
        extra_groups=[],
        start_new_session=True,
        **{"stdin": subprocess.PIPE, **streams},
    )


def comm_of(process):
    return Path(f"/proc/{process.pid}/comm").read_bytes()


def test_a_supervisor_that_is_down_is_no_empty_listing(machine):
    driver = machine.process(socket="/nonexistent/supervisor.sock")
    for touch in (driver.list_services, driver.list_tasks):
        with pytest.raises(RetryableInfraError, match="does not answer"):
            touch()


def test_a_supervisor_that_takes_a_call_and_never_answers_is_given_up(
    machine, tmp_path
):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent.sock"))
        silent.listen()
        driver = machine.process(socket=str(tmp_path / "silent.sock"), timeout=0.2)
        with pytest.raises(RetryableInfraError, match="does not answer: timed out"):
            driver.list_services()


@pytest.mark.parametrize(
    "values",
    [
        {"name": "nginx"},
        {"name": "../evil"},
        {"uid": 0},
        {"uid": 1000},
        {"uid": 220999},
        {"port": 80},
        {"proxy_secret": "two\nlines of_it"},
        {"public_keys": ("evil",)},
        {"database_host": "x\nlist_db = True"},
        {"mail": replace(MAIL, address="a@b.test\nlist_db = True")},
        {"mail": replace(MAIL, password="two\nlines of_it")},
    ],
    ids=lambda values: "-".join(values),
)
def test_the_helper_writes_nothing_that_it_does_not_know(real, running, values):
    with pytest.raises(InfraError):
        real.ensure_service(replace(running, **values))
    assert set(real.list_services()) >= {running.name}


def test_a_long_log_is_cut_while_it_is_written(real, running, machine):
    log = machine.run / f"log/tenants/{running.name}.log"
    with open(log, "ab") as file:
        file.write(b"old line\n" * 3_000_000)
    real.usage()
    assert log.stat().st_size < 5 * 1024**2
    ask(running, "/later")
    wait_until(lambda: "/later" in real.logs(running), "the line after the cut")


def test_a_log_of_anything_is_read_as_text(real, running, machine):
    log = machine.run / f"log/tenants/{running.name}.log"
    with open(log, "ab") as file:
        file.write(b"before\0after \xff\n")
    assert "beforeafter \ufffd" in real.logs(running)
