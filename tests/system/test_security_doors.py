"""Loopback is open to every process of the machine: who is let in where."""

import base64
import contextlib
import json
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest
import requests
from strangers import Role, Tenant

ASK = """
import sys, urllib.request, urllib.error
request = urllib.request.Request(sys.argv[1], data=sys.argv[2].encode() or None)
for line in sys.argv[3:]:
    request.add_header(*line.split(": ", 1))
try:
    print(urllib.request.urlopen(request, timeout=30).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""


def ask(tenant, url, body="", *headers):
    """Ask for a page as a tenant's process; the HTTP status comes back."""
    done = tenant.run("/usr/bin/python3", "-c", ASK, url, body, *headers)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.fixture
def ports(platform):
    base = int(platform.setting("PORT_BASE"))
    names = ("master", "internal", "web", "web_socket", "jobs", "jobs_socket")
    return {name: base + number for number, name in enumerate(names, 69)}


@pytest.mark.parametrize("port", ["jobs", "jobs_socket"])
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/odoo",
        "/web",
        "/web/login",
        "/web/database/manager",
        "/web/static/img/favicon.ico",
        "/websocket",
        "/json/2/saas.api/plan_list",
        "/jsonrpc",
        "/xmlrpc/2/common",
        "/saas/open",
        "/queue_job/runjob?job_uuid=x",
        "/queue_job/create_test_job",
        "/QUEUE_JOB/runjob",
        "/web/health/../login",
        "//queue_job/runjob?job_uuid=x",
    ],
)
def test_jobs_serves_nothing_to_a_tenant(platform, shared_instance, ports, port, path):
    tenant = Tenant(platform, shared_instance)
    url = f"http://127.0.0.1:{ports[port]}{path}"
    assert ask(tenant, url) == 404
    guess = base64.b64encode(b"runner:").decode()
    assert ask(tenant, url, "{}", f"Authorization: Basic {guess}") == 404


def test_jobs_tells_that_it_is_alive(ports):
    for port in ("jobs", "jobs_socket"):
        answer = requests.get(f"http://127.0.0.1:{ports[port]}/web/health", timeout=30)
        assert answer.status_code == 200


def test_the_runner_is_let_in_with_its_password(platform, ports):
    word = (platform.run_dir / "etc/runner-password").read_text()
    url = f"http://127.0.0.1:{ports['jobs']}/queue_job/runjob?job_uuid=unknown"
    assert requests.get(url, auth=("runner", word), timeout=30).status_code == 200
    assert requests.get(url, auth=("runner", word[1:]), timeout=30).status_code == 404


@pytest.mark.parametrize("port", ["web", "web_socket"])
@pytest.mark.parametrize(
    "path",
    [
        "/web/database/manager",
        "/web/database/selector",
        "/fr/web/database/manager",
        "//web//database/manager",
        "/queue_job/runjob?job_uuid=x",
        "/Queue_Job/create_test_job",
    ],
)
def test_web_serves_no_inner_page_beside_its_proxy(
    platform, shared_instance, ports, port, path
):
    tenant = Tenant(platform, shared_instance)
    assert ask(tenant, f"http://127.0.0.1:{ports[port]}{path}") == 404


@pytest.mark.parametrize("port", ["web", "master"])
def test_the_master_takes_no_visitors_address_from_the_visitor(
    platform, shared_instance, ports, port
):
    """Failed logins are counted by address: a guesser must not choose his."""
    tenant, login = Tenant(platform, shared_instance), f"guess-{uuid4().hex}"
    params = {"db": "master", "login": login, "password": "wrong"}
    headers = ("Content-Type: application/json", "X-Forwarded-Host: localhost")
    forged = ("X-Forwarded-For: 203.0.113.9", "X-SaaSOdoo-Secret: guessed")
    url = f"http://127.0.0.1:{ports[port]}/web/session/authenticate"
    body = json.dumps({"params": params})
    assert ask(tenant, url, body, *headers, *forged) == 200
    log = (platform.run_dir / "log/web.log").read_text().splitlines()
    (told,) = (line for line in log if login in line)
    assert "from 127.0.0.1" in told


def test_the_inner_entry_serves_nothing_else(platform, shared_instance):
    tenant = Tenant(platform, shared_instance)
    port = int(platform.setting("PORT_BASE")) + 70
    for path in ("/", "/web/login", "/queue_job/runjob", "/saas/internal/x"):
        assert ask(tenant, f"http://127.0.0.1:{port}{path}") == 404


@pytest.mark.parametrize(
    "name", ["postgres", "saas_owner", "saas_web", "saas_admin", "odoo_nobody"]
)
@pytest.mark.parametrize("password", ["", "postgres", "odoo"])
def test_the_database_server_wants_a_password(platform, name, password):
    with pytest.raises(psycopg2.OperationalError):
        Role(platform, name, password).sql("postgres", "SELECT 1")


def test_no_password_is_told_in_clear_to_whoever_answers(platform, shared_instance):
    """A neighbour could listen where a server of ours is down."""
    tenant = Tenant(platform, shared_instance)
    for pid in tenant.pids():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # It ended.
            environment = Path(f"/proc/{pid}/environ").read_text().split("\0")
            assert "PGREQUIREAUTH=scram-sha-256" in environment
    program = (platform.run_dir / "etc/control-plane.conf").read_text()
    assert program.count('PGREQUIREAUTH="scram-sha-256"') == 2
