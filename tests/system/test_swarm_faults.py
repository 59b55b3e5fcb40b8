"""Faults of a platform on a swarm: a clear error with its cure, and a way on."""

import subprocess

import pytest
from killing import end_of
from outages import service_of
from people import run_in_master, wait_until
from swarm_outages import SwarmOutages
from swarm_people import try_run

pytestmark = pytest.mark.slow

HOG = "b'x' * 10**10"
# As many children as it is let, for a while.
BOMB = """
import os, time
try:
    while True:
        if not os.fork():
            time.sleep(5)
            os._exit(0)
except BlockingIOError:
    time.sleep(1)
"""
ASK = """
inquiry = env["{}"].search([])._ask_for_connection()
print("INQUIRY", inquiry.id)"""
ANSWER = """
inquiry = env["saas.inquiry"].browse({})
print("STATE", inquiry.state, inquiry.message or inquiry.answer)"""


@pytest.fixture(scope="module")
def platform(swarm):
    return swarm


@pytest.fixture
def visitor(browser):
    return browser


@pytest.fixture
def outages(platform):
    return SwarmOutages(platform)


def restart(platform, instance):
    """Ask for a restart and wait for its end.

    :return: the operation
    """
    asked = platform.saasctl("instance", "restart", instance["uuid"])
    return end_of(platform, asked["operation"]["id"])


def check_failed(operation, *words):
    assert operation["state"] == "failed"
    for word in words:
        assert word in operation["message"]


def check_retry(platform, visitor, instance):
    code, answer = platform.run_saasctl("instance", "retry", instance["uuid"], "--wait")
    if code:  # The reconciliation has repaired it before.
        assert "there is no retry" in str(answer), answer
        shown = platform.saasctl("instance", "show", instance["uuid"])["operation"]
        assert (shown["kind"], shown["state"]) == ("repair", "done")
    check_serves(visitor, instance)


def check_serves(visitor, instance):
    address = f"{instance['url']}/web/login"

    def serves():
        try:
            return visitor.get(address).status_code == 200
        except OSError:
            return False

    wait_until(serves, seconds=180)


def doctor():
    """Return what the doctor says where something is wrong."""
    done = try_run("doctor")
    assert done.returncode == 1, done.stdout
    return done.stdout


def try_connection(platform, model):
    """Press "Test Connection" of the only record, and return what is read then."""
    said = run_in_master(platform, ASK.format(model))
    inquiry = said.partition("INQUIRY ")[2].split()[0]

    def answered():
        said = run_in_master(platform, ANSWER.format(inquiry)).partition("STATE ")[2]
        return said and not said.startswith("waiting") and said

    return wait_until(answered)


# === PROGRAMS === #


def test_an_operation_goes_on_once_the_engine_is_back(
    platform, outages, instance, visitor
):
    asked = platform.saasctl("instance", "restart", instance["uuid"])
    with outages.without_engine():
        said = doctor()
        assert "engine" in said and "does not answer" in said
    outages.wait_for_master(platform)
    ended = end_of(platform, asked["operation"]["id"])
    if ended["state"] != "done":
        check_failed(ended, "Docker engine", "does not answer", "dockerd runs")
        platform.saasctl("instance", "retry", instance["uuid"], "--wait")
    check_serves(visitor, instance)
    check_serves(visitor, platform.saasctl("instance", "show", "demo"))
    assert len(wait_until(lambda: platform.containers_of(instance))) == 1


def test_a_proxy_that_is_down_is_named_and_finds_its_routes_again(
    platform, outages, instance, visitor
):
    with outages.without("traefik"):
        assert "traefik" in doctor()
        assert "Traefik does not answer" in try_connection(platform, "saas.proxy")
        told = ("no Traefik listens to Redis", "Start Traefik")
        check_failed(restart(platform, instance), *told)
    check_serves(visitor, platform.saasctl("instance", "show", "demo"))
    check_retry(platform, visitor, instance)


def test_tenants_are_served_while_redis_is_down_and_changes_say_so(
    platform, outages, instance, visitor
):
    with outages.without("redis"):
        check_serves(visitor, instance)
        check_failed(restart(platform, instance), "Redis does not answer", "Start")
    check_retry(platform, visitor, instance)


def test_a_redis_that_lost_everything_has_all_routes_within_30_seconds(
    platform, outages, instance, visitor
):
    names = {service_of(instance), *outages.routes()}
    outages.empty_redis()
    wait_until(lambda: {*outages.routes()} == names, seconds=30)
    check_serves(visitor, instance)


# === WHAT TENANTS ARE MADE OF === #


def test_an_image_that_is_nowhere_is_told(platform, outages, instance, visitor):
    with outages.missing_image(instance):
        check_failed(restart(platform, instance), "image is missing on the node")
    check_retry(platform, visitor, instance)


def test_networks_without_an_address_left_take_no_more_tenants(platform, outages):
    with outages.full_cells():
        code, answer = platform.run_saasctl(
            "instance", "create", "--plan", "starter", "--subdomain", "full",
            "--customer", "full", "--email", "o@full.test", "--wait",
        )  # fmt: skip
        assert code == 1
        assert "no room" in str(answer)
        assert "a cell" in str(answer)
    platform.saasctl("instance", "retry", "full", "--wait")
    platform.remove("full")


def test_who_wants_too_much_memory_loses_a_process_and_reads_why(
    platform, instance, visitor
):
    name = instance["subdomain"]
    larger = ("--plan", "professional", "--wait")
    platform.saasctl("instance", "change-plan", name, *larger)
    # The task of before ends by and by.
    wait_until(lambda: len(platform.containers_of(instance)) == 1, seconds=90)
    [container] = platform.containers_of(instance)
    with pytest.raises(subprocess.CalledProcessError, match="137"):
        platform.docker("exec", container, "python3", "-c", HOG)

    def is_told():
        return platform.saasctl("instance", "show", name)["warning"]

    warning = wait_until(is_told, seconds=90)
    assert "more memory than its plan has (2048 MiB)" in warning
    assert platform.saasctl("instance", "show", name)["status"] == "running"
    assert platform.containers_of(instance) == [container]
    check_serves(visitor, instance)
    assert not platform.saasctl("instance", "show", "demo")["warning"]


def test_a_fork_bomb_is_refused_more_and_its_owner_reads_why(
    platform, instance, visitor
):
    name = instance["subdomain"]
    [container] = platform.containers_of(instance)
    platform.docker("exec", container, "python3", "-c", BOMB)

    def is_told():
        return platform.saasctl("instance", "show", name)["warning"]

    warning = wait_until(is_told, seconds=90)
    assert "as many processes as an instance may have (512)" in warning
    assert platform.saasctl("instance", "show", name)["status"] == "running"
    assert platform.containers_of(instance) == [container]
    check_serves(visitor, instance)
    assert not platform.saasctl("instance", "show", "demo")["warning"]


# === CERTIFICATES === #


def test_a_certificate_that_has_ended_is_told_with_its_cure(
    platform, outages, instance, visitor
):
    with outages.expired_certificate():
        said = doctor()
        assert "certificate of tenants' addresses" in said
        assert "has ended" in said
        seen = try_connection(platform, "saas.proxy")
        assert "certificate has expired" in seen
        assert "make up" in seen
        check_failed(restart(platform, instance), "certificate", "Renew it")
    assert "certified_until" in try_connection(platform, "saas.proxy")
    check_retry(platform, visitor, instance)


# === NOT OURS === #


def test_a_service_that_is_not_ours_is_refused_and_stays(
    platform, outages, instance, visitor
):
    ref = instance["uuid"]
    platform.saasctl("instance", "terminate", ref, "--yes", "--wait")
    with outages.foreign_service(service_of(instance)) as look:
        before = look()
        asked = platform.saasctl("instance", "reactivate", ref)
        check_failed(
            end_of(platform, asked["operation"]["id"]),
            f"The service {service_of(instance)} exists and is not this instance's",
            "Ask who made it",
        )
        assert look() == before
    check_retry(platform, visitor, instance)
