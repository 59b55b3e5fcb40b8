"""What a tenant shares with no other: its channel of notices, its secrets."""

import contextlib
import json

import pytest
import websocket
from conftest import call, enter, wait_until
from strangers import Tenant, role_of

MAKE_TOKEN = """
partner = env.ref("base.user_admin").partner_id
partner.signup_prepare(signup_type="reset")
print("TOKEN", partner._generate_signup_token())
env.cr.commit()
"""


@contextlib.contextmanager
def listen(visitor, url):
    """Open the web client's socket through the proxy, and subscribe."""
    host = url.removeprefix("http://")
    connection = websocket.create_connection(
        f"ws://127.0.0.1:{host.rpartition(':')[2]}/websocket",
        host=host,
        origin=url,
        cookie=f"session_id={visitor.session_of(url)}",
        timeout=30,
    )
    try:
        event = {"event_name": "subscribe", "data": {"channels": [], "last": 0}}
        connection.send(json.dumps(event))
        yield connection
    finally:
        connection.close()


def receive(connection, kind):
    """Read notices until one of a kind comes."""
    while True:
        for notice in json.loads(connection.recv()):
            if notice["message"]["type"] == kind:
                return notice["message"]["payload"]


def test_a_notice_arrives_in_the_web_client_without_the_shared_database(
    platform, shared_instance, visitor
):
    tenant, url = Tenant(platform, shared_instance), shared_instance["url"]
    [(allowed,)] = role_of(platform, "postgres").sql(
        "postgres",
        "SELECT has_database_privilege(%s, 'postgres', 'CONNECT')",
        [tenant.role.name],
    )
    assert not allowed
    facts = enter(platform, visitor, shared_instance["subdomain"])
    own = [["user_id", "=", facts["uid"]]]
    settings = call(visitor, url, "res.users.settings", "search", own)
    with listen(visitor, url) as connection:
        # Notices of before the subscription are not told again: ask until one comes.
        connection.settimeout(5)

        def hears():
            name = "is_discuss_sidebar_category_chat_open"
            for value in (False, True):
                call(
                    visitor,
                    url,
                    "res.users.settings",
                    "set_res_users_settings",
                    settings,
                    {name: value},
                )
            with contextlib.suppress(websocket.WebSocketTimeoutException):
                return receive(connection, "res.users.settings")

        heard = wait_until(hears)
    assert [heard["id"]] == settings


def test_a_reset_token_of_one_tenant_is_worth_nothing_in_another(
    platform, shared_instance, instance, visitor
):
    tenant = Tenant(platform, shared_instance)
    python = platform.run_dir / "code/venv/bin/python"
    launcher = platform.run_dir / "code/tenant/saas_tenant/launcher.py"
    done = tenant.run(
        *(python, launcher, "shell", "-c", tenant.conf, "--no-http"),
        *("--logfile", "/dev/null"),
        stdin=MAKE_TOKEN,
    )
    [token] = [
        line.partition("TOKEN ")[2]
        for line in done.stdout.splitlines()
        if "TOKEN " in line
    ]
    pages = [
        visitor.get(f"{url}/web/reset_password", params={"token": token}).text
        for url in (shared_instance["url"], instance["url"])
    ]
    assert 'name="password"' in pages[0]
    assert "Invalid signup token" not in pages[0]
    assert "Invalid signup token" in pages[1]
    assert 'name="password"' not in pages[1]


@pytest.mark.parametrize("key", ["database.uuid", "database.secret"])
def test_no_two_tenants_have_the_same_secret(platform, shared_instance, instance, key):
    values = {
        Tenant(platform, one).sql(
            "SELECT value FROM ir_config_parameter WHERE key = %s", [key]
        )[0]
        for one in (shared_instance, instance)
    }
    assert len(values) == 2


def test_a_session_of_one_tenant_is_worth_nothing_in_another(
    platform, shared_instance, instance, visitor
):
    enter(platform, visitor, shared_instance["subdomain"])
    cookie = {"session_id": visitor.session_of(shared_instance["url"])}
    assert visitor.get(f"{shared_instance['url']}/odoo").status_code == 200
    visitor.cookies.clear()
    answer = visitor.get(f"{instance['url']}/odoo", cookies=cookie)
    assert answer.status_code == 303
    assert "/web/login" in answer.headers["Location"]
