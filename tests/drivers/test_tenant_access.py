"""Who gets into a tenant: tokens, commands, and what clones do not share."""

import json
import re
import signal
import time

import pytest
from drivers.errors import NotFound, PermanentInfraError
from drivers.tenant import encode
from nacl.signing import SigningKey
from real_machine import wait_until

LINK = "no longer valid"


# One-time login


def test_the_owner_enters_as_administrator_in_a_new_session(tenant, browser):
    browser.get("/web/login")
    before = browser.cookies["session_id"]
    answer = browser.sign_in(actor="portal\nof Olga")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/odoo")
    assert browser.cookies["session_id"] != before
    session = browser.post("/web/session/get_session_info", json={}).json()["result"]
    assert session["username"] == "owner@example.test"
    assert session["is_admin"]
    assert browser.get("/odoo").status_code == 200
    assert re.search(r"sign-in as owner: .* by 'portal\\nof Olga', .* jti ", tenant.log)


def test_support_enters_as_a_user_of_its_own_that_is_not_counted(tenant, browser):
    counted = tenant.client().command("users")
    for _visit in range(2):
        assert browser.sign_in("support").status_code == 303
    users = browser.call("res.users", "search_read", [], ["name", "login", "share"])
    assert [u["name"] for u in users if u["login"] == "saas_support"] == [
        "Platform support"
    ]
    assert tenant.client().command("users") == counted == {"internal": 1}


def test_support_is_archived_by_the_first_page_after_its_visit(
    tenant, browser, real_postgresql
):
    def ask(query):
        return real_postgresql.query(query, database=tenant.spec.database.name)

    is_active = "SELECT active FROM res_users WHERE login = 'saas_support'"
    browser.sign_in("support")
    owner = tenant.browser()
    owner.sign_in()
    assert owner.get("/odoo").status_code == 200
    assert ask(is_active) == [(True,)]
    ask(
        "UPDATE res_users_log SET create_date = create_date - interval '13 hours'"
        " WHERE create_uid = (SELECT id FROM res_users WHERE login = 'saas_support')"
    )
    assert owner.get("/odoo").status_code == 200
    assert ask(is_active) == [(False,)]
    assert not signed_in(browser)
    assert signed_in(owner)
    assert browser.sign_in("support").status_code == 303
    assert ask(is_active) == [(True,)]


def test_an_archived_administrator_is_told_what_to_do(tenant, browser):
    browser.sign_in("support")
    (admin,) = browser.call(
        "res.users", "search", [("login", "=", "owner@example.test")]
    )
    browser.call("res.users", "write", [admin], {"active": False})
    try:
        answer = tenant.browser().sign_in()
        assert answer.status_code == 403
        assert "was archived" in answer.text
    finally:
        browser.call("res.users", "write", [admin], {"active": True})


def forge(tenant, key=None, **changes):
    """Sign a login token with some claims changed; None leaves one out."""
    now = int(time.time())
    claims = {
        "iss": tenant.spec.mark.platform,
        "aud": tenant.spec.mark.instance,
        "sub": "login",
        "usr": "owner",
        "iat": now,
        "exp": now + 30,
        "jti": encode(SigningKey.generate().encode()),
        "from_the_future": {"ignored": True},
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    payload = encode(json.dumps(claims).encode())
    signature = (key or tenant.keys[0]).sign(payload.encode()).signature
    return f"{payload}.{encode(signature)}"


def test_any_trusted_key_opens_and_unknown_claims_are_ignored(tenant, browser):
    token = forge(tenant, key=tenant.keys[1])
    assert browser.post("/saas/login", data={"token": token}).status_code == 303


@pytest.mark.parametrize(
    "make_token",
    [
        lambda t: "",
        lambda t: "garbage",
        lambda t: forge(t).partition(".")[0] + ".",
        lambda t: forge(t).partition(".")[0] + "." + forge(t).partition(".")[2],
        lambda t: forge(t, key=SigningKey.generate()),
        lambda t: forge(t) + "=",
        lambda t: "a" * 100_000,
        lambda t: forge(t, aud="another"),
        lambda t: forge(t, aud=None),
        lambda t: forge(t, iss="another"),
        lambda t: forge(t, sub="command:users"),
        lambda t: forge(t, usr="root"),
        lambda t: forge(t, usr=None),
        lambda t: forge(t, iat=0, exp=int(time.time()) + 30),
        lambda t: forge(t, exp=int(time.time()) - 1, iat=int(time.time()) - 30),
        lambda t: forge(t, iat=int(time.time()) + 40, exp=int(time.time()) + 50),
        lambda t: forge(t, exp=True),
        lambda t: forge(t, exp=None),
        lambda t: forge(t, jti="../../../../tmp/spent_by_a_path"),
        lambda t: forge(t, jti=None),
    ],
)
def test_what_proves_nothing_is_refused_with_a_page(tenant, browser, make_token):
    answer = browser.post("/saas/login", data={"token": make_token(tenant)})
    assert answer.status_code in (403, 413)
    assert not signed_in(browser)
    if answer.status_code == 403:
        assert "<h1>" in answer.text


def signed_in(browser):
    return "error" not in browser.post("/web/session/check", json={}).json()


def test_a_token_works_once_and_only_where_it_is_for(tenant, neighbour, browser):
    token = forge(tenant)
    elsewhere = neighbour.browser().post("/saas/login", data={"token": token})
    assert (elsewhere.status_code, LINK in elsewhere.text) == (403, True)
    assert browser.post("/saas/login", data={"token": token}).status_code == 303
    again = tenant.browser().post("/saas/login", data={"token": token})
    assert (again.status_code, LINK in again.text) == (403, True)


def test_nobody_is_sent_elsewhere(tenant, browser):
    form = {"token": forge(tenant), "redirect": "https://evil.test/"}
    answer = browser.post("/saas/login?redirect=//evil.test", data=form)
    assert answer.headers["Location"] == "/odoo"


# Commands


def test_setup_sets_company_and_administrator_and_changes_nothing_twice(tenant):
    values = {
        "company": "Été & fils",
        "lang": "fr_FR",
        "country": "fr",
        "tz": "Europe/Paris",
        "email": "owner@example.test",
        "name": "Olga Owner",
        "from_the_future": 1,
    }
    expected = {"country": "FR", "currency": "EUR", "login": "owner@example.test"}
    first = tenant.client().command("setup", **values)
    assert first.items() >= expected.items()
    browser = tenant.browser()
    browser.sign_in()
    written = browser.call("res.company", "search_read", [], ["write_date"])
    assert tenant.client().command("setup", **values) == first
    assert browser.call("res.company", "search_read", [], ["write_date"]) == written


def test_what_a_tenant_refuses_is_said_in_its_words(tenant):
    with pytest.raises(PermanentInfraError, match="Unknown Country: QQ"):
        tenant.client().command("setup", company="Other", country="QQ")
    with pytest.raises(NotFound, match="does not know the command dance"):
        tenant.client().command("dance")
    assert "setup" in tenant.client().command("ping")["commands"]


def test_a_command_needs_its_own_token_and_body(tenant, browser):
    client = tenant.client()
    for token, body in (
        (client.login_token("owner"), "{}"),
        (forge(tenant, sub="command:users"), "{}"),
        (forge(tenant, sub="command:users", sha="0" * 64), "{}"),
        ("", "{}"),
    ):
        headers = {"Authorization": f"Bearer {token}"}
        answer = browser.post("/saas/command/users", data=body, headers=headers)
        assert answer.status_code == 403
    with pytest.raises(PermanentInfraError, match="403"):
        tenant.client(sign_key=SigningKey.generate()).command("users")


# Identity of clones


def test_a_reset_link_of_one_clone_is_worth_nothing_in_the_other(tenant, neighbour):
    browser, other = tenant.browser(), neighbour.browser()
    browser.sign_in()
    code = "action = {'t': env.user.partner_id._generate_signup_token()}"
    token = browser.run(code)["t"]
    pages = [
        visitor.get("/web/reset_password", params={"token": token}).text
        for visitor in (tenant.browser(), other)
    ]
    assert ["Invalid signup token" in page for page in pages] == [False, True]


def test_a_session_of_one_clone_is_worth_nothing_in_the_other(owner, neighbour):
    assert signed_in(owner)
    stranger = neighbour.browser()
    stranger.cookies.set("session_id", owner.cookies["session_id"])
    assert not signed_in(stranger)


def test_a_reload_keeps_process_sessions_and_spent_tokens(clone_tenant):
    server = clone_tenant()
    server.start()
    browser, token = server.browser(), forge(server)
    assert browser.post("/saas/login", data={"token": token}).status_code == 303
    server.process.send_signal(signal.SIGHUP)  # as Odoo does at its memory limit
    wait_until(lambda: "Initiating server reload" in server.log, "the reload", 10)
    wait_until(lambda: server.log.count("Registry loaded") == 2, "the start", 30)
    server.client().wait_healthy(30)
    assert server.process.poll() is None
    assert signed_in(browser)
    again = server.browser().post("/saas/login", data={"token": token})
    assert again.status_code == 403
    assert server.browser().get("/web/login").status_code == 200


def test_whoever_owned_it_before_cannot_come_back(clone_tenant, real_postgresql):
    server = clone_tenant()
    server.start()
    former = server.browser()
    former.sign_in()
    key = former.run(
        "action = {'k': env['res.users.apikeys']._generate('rpc', 'mine',"
        " datetime.datetime.now() + datetime.timedelta(days=1))}"
    )["k"]
    bearer = {"Authorization": f"Bearer {key}"}
    path = "/json/2/res.users/context_get"
    assert former.post(path, json={}, headers=bearer).status_code == 200
    server.client().command("setup", email="new@example.test", name="New Owner")
    assert not signed_in(former)
    stranger = server.browser()
    assert stranger.post(path, json={}, headers=bearer).status_code == 401
    assert real_postgresql.query(
        "SELECT password FROM res_users WHERE login = 'new@example.test'",
        database=server.spec.database.name,
    ) == [(None,)]
    assert server.browser().sign_in().status_code == 303
