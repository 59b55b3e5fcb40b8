"""The main job by `make up RUNTIME=swarm`: a platform of its own beside the others."""

import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests
from clients import Listener, ask_as_owner, at_work, run_long, upload_slowly
from mailing import confirm, held, send
from people import call, enter_as_owner, wait_until
from swarm_people import Browser, run, up

pytestmark = pytest.mark.slow


@pytest.fixture
def visitor(browser):
    return browser


@pytest.fixture
def demo(swarm):
    return swarm.saasctl("instance", "show", "demo")


def test_the_first_instance_is_a_service_and_answers_over_tls(swarm, demo, visitor):
    assert demo["url"] == "https://demo.tenants.localhost:24080"
    assert demo["url"] in swarm.said

    page = visitor.get(f"{demo['url']}/web/login")

    assert (page.status_code, 'name="login"' in page.text) == (200, True)
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert page.headers["Set-Cookie"].endswith("; Secure")
    services = swarm.docker("service", "ls", "--format", "{{.Name}} {{.Replicas}}")
    assert f"odoo_{demo['uuid'][:8]} 1/1" in services


def test_http_leads_to_https(demo, visitor):
    plain = urlsplit(demo["url"])._replace(
        scheme="http", netloc="demo.tenants.localhost:24081", path="/web/login"
    )

    answer = visitor.get(plain.geturl())

    assert answer.status_code == 301
    assert answer.headers["Location"] == f"{demo['url']}/web/login"


def test_the_owner_enters_and_works_in_it(swarm, demo, visitor):
    facts = enter_as_owner(swarm, visitor, "demo")
    assert facts["is_system"]

    made = call(visitor, demo["url"], "res.partner", "create", [{"name": "Visitor"}])
    assert call(visitor, demo["url"], "res.partner", "read", made, ["name"])


def test_a_stopped_instance_shows_its_page_and_comes_back(swarm, demo, visitor):
    address = f"{demo['url']}/web/login"
    swarm.saasctl("instance", "stop", "demo", "--wait")
    assert visitor.get(address).status_code == 503

    swarm.saasctl("instance", "start", "demo", "--wait")
    assert visitor.get(address).status_code == 200


def test_a_new_plan_costs_no_request(swarm, visitor):
    made = swarm.create()
    url, name = made["url"], made["subdomain"]
    enter_as_owner(swarm, visitor, name)
    host = urlsplit(url).hostname
    [cookie] = [c for c in visitor.cookies if c.domain.lstrip(".") == host]
    listener = Listener(url, cookie.value, visitor.verify)
    listener.start()
    wait_until(lambda: listener.is_open)
    stranger, busy, uploading = (
        Browser(swarm, other) for other in (None, visitor, visitor)
    )

    with (
        ThreadPoolExecutor(2) as others,
        at_work(
            lambda: stranger.get(f"{url}/web/login"), lambda: ask_as_owner(visitor, url)
        ) as clients,
    ):
        long = others.submit(run_long, busy, url, 30)
        upload = others.submit(upload_slowly, uploading, url, 15)
        time.sleep(1)  # both are under way
        words = ("instance", "change-plan", name, "--plan", "professional", "--wait")
        swarm.saasctl(*words)
        assert long.result(90) == {"type": "done"}
        assert upload.result(90) == 8 * 1024**2

    assert [client.failures for client in clients] == [[], []]
    assert sum(client.count for client in clients) > 500
    wait_until(lambda: listener.is_open)
    listener.end()
    assert listener.connections <= 2
    # The old one works off what it was asked last.
    wait_until(lambda: len(swarm.containers_of(made)) == 1)
    [container] = swarm.containers_of(made)
    limits = "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}"
    held = swarm.docker("inspect", "-f", limits, container)
    assert held == f"{2 * 1024**3} {2 * 10**9}"
    swarm.remove(name)


def test_no_secret_is_in_what_the_engine_shows(swarm, demo):
    name = f"odoo_{demo['uuid'][:8]}"
    [container] = swarm.docker("ps", "-q", "--filter", f"name={name}").split()
    shown = swarm.docker("inspect", container) + swarm.docker("inspect", name)

    conf = swarm.docker("exec", container, "cat", "/run/secrets/odoo.conf")
    values = dict(line.split(" = ", 1) for line in conf.splitlines() if " = " in line)
    for secret in ("db_password", "proxy_secret", "smtp_password"):
        assert len(values[secret]) > 20
        assert values[secret] not in shown
    assert values["db_host"] != "127.0.0.1"


def test_mail_leaves_a_tenant_by_the_relay(swarm, demo, visitor):
    enter_as_owner(swarm, visitor, "demo")
    assert "switched off" in send(visitor, demo)[1]
    confirm(swarm, demo)
    subject = f"Offer of {demo['uuid']}"
    assert send(visitor, demo, subject=subject) == ("sent", "")
    [head] = held(swarm, subject)
    assert "\n<notifications@demo.tenants.localhost>\n" in head


def test_a_purge_leaves_nothing(swarm, visitor):
    made = swarm.create()
    assert visitor.get(f"{made['url']}/web/login").status_code == 200
    name = f"odoo_{made['uuid'][:8]}"
    assert name in swarm.docker("service", "ls", "--format", "{{.Name}}")

    swarm.saasctl("instance", "terminate", made["subdomain"], "--yes", "--wait")

    assert visitor.get(f"{made['url']}/web/login").status_code == 503


def test_tenants_go_on_without_the_master_and_after_down_and_up(swarm, demo, visitor):
    address = f"{demo['url']}/web/login"
    run("down-master")
    assert visitor.get(address).status_code == 200

    run("down")
    with pytest.raises(requests.ConnectionError):
        visitor.get(address)

    run("up")
    wait_until(lambda: visitor.get(address).status_code == 200)
    run("doctor")


def test_the_master_is_two_services_that_are_exchanged_while_tenants_go_on(
    swarm, demo, visitor
):
    listed = swarm.docker("service", "ls", "--format", "{{.Name}} {{.Replicas}}")
    names = [name for name in listed.split() if "-master_" in name]
    assert sorted(name.partition("_")[2] for name in names) == ["jobs", "web"]
    assert all(f"{name} 1/1" in listed for name in names)
    assert not (swarm.run_dir / "control-plane/supervisor.sock").exists()
    before = {*swarm.jobs_processes()}

    with at_work(lambda: visitor.get(f"{demo['url']}/web/login")) as clients:
        for name in names:
            swarm.docker("service", "update", "--force", "-q", name)

    assert [client.failures for client in clients] == [[]]
    assert not before & {*swarm.jobs_processes()}
    wait_until(lambda: swarm.run_saasctl("plan", "list")[0] == 0)
    swarm.saasctl("instance", "restart", "demo", "--wait")


def test_the_master_stays_one_when_it_is_rolled_back_and_forward(swarm):
    run("roll-back")
    run("doctor")
    assert "deployed" in run("deploy")
    run("doctor")


def test_the_master_has_no_more_rights_than_it_needs(swarm):
    for service in ("web", "jobs"):
        [found] = swarm.docker(
            "ps", "-q", "--filter", f"name=-master_{service}."
        ).split()
        shown = (
            "{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.Config.User}}"
        )
        said = swarm.docker("inspect", "-f", shown, found)
        assert said == f"true [ALL] saas-{service}"
        conf = swarm.docker("exec", found, "cat", f"/run/secrets/{service}.conf")
        values = dict(
            line.split(" = ", 1) for line in conf.splitlines() if " = " in line
        )
        everything = swarm.docker("inspect", found)
        assert values["db_password"] not in everything


def test_the_key_is_rotated_while_the_master_serves(swarm, demo, visitor):
    held = {path.name for path in (swarm.run_dir / "keys/seal").iterdir()}
    masters = ("ps", "-q", "--filter", "name=-master_")
    before = swarm.docker(*masters)

    said = run("rotate-key")

    assert "sealed anew" in said and "no key here opens" not in said
    assert not held & {path.name for path in (swarm.run_dir / "keys/seal").iterdir()}
    assert swarm.docker(*masters) == before
    # It opens what it needs to write the service's configuration again.
    swarm.saasctl("instance", "restart", "demo", "--wait")
    assert visitor.get(f"{demo['url']}/web/login").status_code == 200


def test_the_second_up_changes_nothing(swarm):
    before = {*swarm.docker("ps", "-q").split()}

    said = up()

    assert {*swarm.docker("ps", "-q").split()} >= before
    for part in ("data plane", "stack", "this machine's records", "control plane"):
        [line] = [each for each in said.splitlines() if each.startswith(part + " ")][:1]
        assert line.endswith("unchanged")
