"""A tenant's start, its bus, and the door at its side."""

import json
import os
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
import websocket
from real_machine import wait_until
from tenant_server import identity

DOOR = "This door is closed"


def test_it_starts_without_the_shared_database(tenant, real_postgresql):
    database = tenant.spec.database
    with (
        pytest.raises(psycopg2.OperationalError, match="permission denied"),
        real_postgresql.connect("postgres", database.role, database.password),
    ):
        pytest.fail("set-up lets tenants into the database postgres")
    assert tenant.client().wait_login(30) < 30
    assert re.findall(r"^.* (?:WARNING|ERROR|CRITICAL) .*$", tenant.log, re.M) == []


def test_its_log_tells_no_token_of_a_link(tenant, browser):
    assert browser.get("/web/login?token=0123456789-token").status_code == 200
    wait_until(lambda: '"GET /web/login?... HTTP/1.1" 200' in tenant.log, "the line")
    assert "0123456789-token" not in tenant.log


def test_it_does_not_start_without_its_secret(clone_tenant):
    server = clone_tenant()
    server.write_conf(proxy_secret="")
    server.process = server.launch()
    assert server.process.wait(30) == 1
    assert "lacks proxy_secret" in server.log
    server.process = None


def test_it_opens_neither_database_nor_port_before_it_is_somebody(
    make_tenant, tenant_template, real_postgresql
):
    server, driver = make_tenant(), real_postgresql.driver()
    spec, source = server.spec, tenant_template.spec.database
    driver.close_template(source)
    server.process = server.launch()
    try:
        wait_until(lambda: "still making the database" in server.log, "the wait", 60)
        for make in (
            lambda: None,
            lambda: driver.ensure_database(spec.database, source.name, source.role),
            lambda: driver.set_identity(spec.database, identity(spec)),
        ):
            make()
            time.sleep(0.5)  # fifty looks of the launcher
            assert sockets_of(server.process) == []
        server.copy_files(tenant_template)
        server.client().wait_healthy(60)
        browser = server.browser()
        assert browser.sign_in().status_code == 303
        known = [("login", "=", identity(spec).login)]
        assert browser.call("res.users", "search_count", known) == 1
    finally:
        server.stop()


def sockets_of(process):
    """Return what a process listens on or talks by."""
    descriptors = f"/proc/{process.pid}/fd"
    opened = [os.readlink(f"{descriptors}/{one}") for one in os.listdir(descriptors)]
    return [one for one in opened if one.startswith("socket:")]


def test_a_scheduled_action_that_is_triggered_runs_at_once(tenant, owner):
    (cron,) = owner.call("ir.cron", "search", [("state", "=", "code")], limit=1)
    before = owner.call("ir.cron", "read", [cron], ["lastcall"])
    owner.run(f"env['ir.cron'].browse({cron})._trigger()")
    wait_until(
        lambda: owner.call("ir.cron", "read", [cron], ["lastcall"]) != before,
        "the scheduled action",
        10,
    )


def test_a_notification_reaches_a_web_socket(tenant, owner):
    socket = open_socket(tenant, owner)
    socket.send(
        json.dumps({"event_name": "subscribe", "data": {"channels": [], "last": 0}})
    )
    wait_until(lambda: "Bus.loop listen" in tenant.log, "the dispatcher", 10)
    owner.run("env.user._bus_send('saas_test', {'hello': 'socket'})")
    for _message in range(20):
        messages = json.loads(socket.recv())
        if any(told["message"]["type"] == "saas_test" for told in messages):
            break
    else:
        pytest.fail("the notification did not come")
    socket.close()


def open_socket(tenant, browser, **headers):
    """Open a web socket as a signed-in browser does."""
    headers = {"X-SaaSOdoo-Secret": tenant.spec.proxy_secret, **headers}
    return websocket.create_connection(
        f"ws://{browser.address}/websocket",
        header=[f"{name}: {value}" for name, value in headers.items()],
        cookie=f"session_id={browser.cookies['session_id']}",
        origin=f"http://{browser.address}",
        timeout=20,
    )


# The guard


@pytest.mark.parametrize("secret", [None, "", "wrong", "wröng".encode()])
@pytest.mark.parametrize(
    "path",
    ["/", "/web/login", "/web/static/img/favicon.ico", "/web/health/", "/saas/login"],
)
def test_without_the_proxy_nothing_is_served(browser, path, secret):
    browser.headers["X-SaaSOdoo-Secret"] = secret
    answer = browser.get(path)
    assert answer.status_code == 403
    assert DOOR in answer.text


def test_without_the_proxy_no_web_socket_opens(tenant, owner):
    with pytest.raises(websocket.WebSocketException):
        open_socket(tenant, owner, **{"X-SaaSOdoo-Secret": "wrong"})
    assert re.search(r"GET /websocket HTTP/1.1\S* 403", tenant.log)


@pytest.mark.parametrize(("scheme", "is_secure"), [("https", True), ("http", False)])
def test_a_cookie_of_https_does_not_travel_in_clear(browser, scheme, is_secure):
    answer = browser.get("/web/login", headers={"X-Forwarded-Proto": scheme})
    kept = answer.headers["Set-Cookie"]
    assert kept.startswith("session_id=")
    assert ("; Secure" in kept) == is_secure


def test_this_machine_may_ask_for_health_without_the_secret(tenant, browser):
    del browser.headers["X-SaaSOdoo-Secret"]
    assert browser.get("/web/health").status_code == 200
    assert tenant.client(secret="").wait_healthy(5) < 5


@pytest.mark.parametrize("page", ["manager", "selector", "create", "backup"])
def test_the_database_manager_is_closed(browser, page):
    assert browser.get(f"/web/database/{page}").status_code == 404


def test_who_is_ended_answers_what_it_was_asked_and_takes_nothing_new(
    clone_tenant, real_postgresql
):
    server = clone_tenant()
    server.start()
    browser = server.browser()
    browser.sign_in()
    (model,) = browser.call("ir.model", "search", [("model", "=", "res.users")])
    code = "env.cr.execute('SELECT pg_sleep(8)')\naction = {'type': 'done'}"
    values = {"name": "long", "model_id": model, "state": "code", "code": code}
    (action,) = browser.call("ir.actions.server", "create", [values])
    with ThreadPoolExecutor(1) as asking:
        answer = asking.submit(browser.call, "ir.actions.server", "run", [action])
        wait_until(lambda: sleeps(real_postgresql, server), "the long request")
        server.process.terminate()
        wait_until(lambda: is_closed(server), "the closed door")
        assert not answer.done()
        assert answer.result(30) == {"type": "done"}
    assert server.process.wait(10) == 0
    server.process = None


def sleeps(real_postgresql, server):
    with real_postgresql.connect() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE usename = %s AND query LIKE 'SELECT pg_sleep%%'",
            [server.spec.database.role],
        )
        return cursor.fetchone()[0]


def is_closed(server):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", server.spec.port)) != 0
