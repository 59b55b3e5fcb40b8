"""Faults of a real platform: a clear error with its cure, nothing lost, a way on."""

import uuid

import pytest
from conftest import wait_until
from outages import Outages

pytestmark = pytest.mark.slow


@pytest.fixture
def outages(platform):
    return Outages(platform)


@pytest.fixture
def names(platform):
    """Names of instances that are removed when the test ends, however it ends."""
    given = []

    def give():
        given.append(f"f{uuid.uuid4().hex[:10]}")
        return given[-1]

    yield give
    for name in given:
        platform.remove(name)
        platform.run_saasctl("instance", "discard", name, "--yes", "--wait")


def ask(platform, name, *options):
    """Ask for an instance without waiting for it.

    :return: exit code and answer
    """
    return platform.run_saasctl(
        "instance", "create", "--plan", "starter", "--subdomain", name,
        "--customer", f"Customer {name}", "--email", f"o@{name}.test", *options,
    )  # fmt: skip


def end_of(platform, name):
    """Wait until nothing is under way.

    :return: the instance as it is shown then
    """

    def ended():
        shown = platform.saasctl("instance", "show", name)
        active = shown["operation"]["state"] in ("queued", "running")
        return None if active else shown

    return wait_until(ended, seconds=240)


def check_failed_creation(platform, name, text):
    code, answer = ask(platform, name)
    assert code == 0, answer
    shown = end_of(platform, name)
    assert shown["status"] == "error"
    assert shown["operation"]["state"] == "failed"
    assert text in shown["operation"]["message"]


def check_retry(platform, visitor, name):
    platform.saasctl("instance", "retry", name, "--wait")
    check_serves(platform, visitor, name)


def check_serves(platform, visitor, name):
    url = platform.tenant_url(name)
    wait_until(lambda: visitor.get(f"{url}/web/login").status_code == 200)


# === WRONG INPUT === #


@pytest.mark.parametrize(
    ("options", "code", "text"),
    [
        (("--plan", "nothing"), 3, "nothing"),
        (("--region", "nowhere"), 3, "nowhere"),
        (("--subdomain", "www"), 4, "reserved"),
        (("--subdomain", "xn--abc"), 4, "letters beyond a to z"),
        (("--email", "nobody"), 4, "e-mail"),
    ],
)
def test_wrong_input_is_told(platform, options, code, text):
    refused, answer = ask(platform, f"w{uuid.uuid4().hex[:8]}", *options)
    assert refused == code
    assert text in str(answer)


# === PROGRAMS === #


def test_tenants_and_notices_serve_without_the_master(
    platform, outages, instance, visitor, names
):
    stopped, suspended = names(), names()
    for name, verb in ((stopped, "stop"), (suspended, "suspend")):
        platform.create(name)
        platform.saasctl("instance", verb, name, "--yes", "--wait")
    with outages.stopped("control-plane", "web", "jobs"):
        check_serves(platform, visitor, instance["subdomain"])
        for name, words in (
            (stopped, "switched off"),
            (suspended, "is paused"),
            ("nobody-here", "no Odoo at this address"),
        ):
            notice = visitor.get(platform.tenant_url(name))
            assert notice.status_code == 503
            assert words in notice.text
            assert "nginx" not in notice.text
        code, answer = platform.run_saasctl("plan", "list")
        assert code == 1
        assert "Traceback" not in str(answer)
    outages.wait_for_master(platform)


@pytest.mark.parametrize("service", ["jobs", "web"])
def test_five_creations_survive_a_restart(platform, outages, visitor, names, service):
    asked = [names() for _ in range(5)]
    for name in asked:
        assert ask(platform, name)[0] == 0
    outages.restart("control-plane", service)
    outages.wait_for_master(platform)
    for name in asked:
        assert end_of(platform, name)["status"] == "running"
        check_serves(platform, visitor, name)


def test_tenants_outlive_their_supervisor(platform, outages, instance, visitor):
    name = instance["subdomain"]
    service = f"odoo_{instance['uuid'].replace('-', '')[:8]}"
    before = outages.servers(service)
    outages.kill_supervisor()
    try:
        check_serves(platform, visitor, name)
        assert outages.servers(service) == before
    finally:
        outages.start_supervisor()
    outages.wait_for_master(platform)
    check_serves(platform, visitor, name)
    assert before <= outages.servers(service)
    platform.saasctl("instance", "restart", name, "--wait")
    check_serves(platform, visitor, name)
    assert not before & outages.servers(service)


def test_a_creation_waits_for_its_supervisor_or_says_so(
    platform, outages, visitor, names
):
    name = names()
    outages.kill_supervisor()
    try:
        check_failed_creation(platform, name, "supervisor")
    finally:
        outages.start_supervisor()
    check_retry(platform, visitor, name)


def test_the_database_server_goes_and_comes_back(
    platform, outages, instance, visitor, names
):
    name = names()
    assert ask(platform, name)[0] == 0
    with outages.without_database():
        code, answer = platform.run_saasctl("plan", "list")
        assert code == 1
        assert "Traceback" not in str(answer)
    outages.wait_for_master(platform)
    check_serves(platform, visitor, instance["subdomain"])
    shown = end_of(platform, name)
    if shown["status"] != "running":
        assert shown["operation"]["message"]
        platform.saasctl("instance", "retry", name, "--wait")
    check_serves(platform, visitor, name)


def test_nginx_that_refuses_its_configuration_is_quoted(
    platform, outages, instance, visitor, names
):
    name = names()
    with outages.broken_routes():
        check_failed_creation(platform, name, "nonsense")
        check_serves(platform, visitor, instance["subdomain"])
    check_retry(platform, visitor, name)


# === STORAGE === #


def test_a_storage_that_is_not_mounted_is_told(platform, outages, visitor, names):
    name = names()
    with outages.unmounted_storage():
        check_failed_creation(platform, name, "mounted")
        report = platform.saasctl("reconcile", "--dry-run")["answer"]
        assert "mounted" in str(report["alarms"])
        assert not report["lost"]
    check_retry(platform, visitor, name)


def test_a_storage_that_is_read_only_is_told(platform, outages, visitor, names):
    name = names()
    with outages.readonly_storage():
        check_failed_creation(platform, name, "ead-only")
    check_retry(platform, visitor, name)


def test_a_full_disk_is_told_and_what_was_made_is_taken_back(
    platform, outages, visitor, names
):
    name = names()
    with outages.full_storage():
        check_failed_creation(platform, name, "disk is full")
        platform.saasctl("instance", "discard", name, "--yes", "--wait")
    platform.create(name)
    check_serves(platform, visitor, name)


# === NOT OURS === #


def test_a_database_that_is_not_ours_is_refused_and_stays(platform, outages, names):
    name = names()
    created = platform.create(name)
    platform.saasctl("instance", "terminate", name, "--yes", "--wait")
    purge = ("instance", "purge", name, "--confirm", name, "--reason", "test")
    with outages.foreign_database(created["database"]):
        code, answer = platform.run_saasctl(*purge, "--wait")
        assert code == 1
        assert created["database"] in str(answer)
        assert outages.has_database(created["database"])
    platform.saasctl("instance", "retry", name, "--wait")
    assert not outages.has_database(created["database"])
