"""What the platform asks of a tenant: the real one and the fake answer alike."""

from functools import partial
from types import SimpleNamespace

import pytest
from drivers.errors import NotFound, PermanentInfraError, RetryableInfraError
from drivers.tenant import PROTOCOL

HOSTILE = "'; $(id) {{7*7}} <script>alert(1)</script> \\1 é"
NOTHING = {"text": "", "level": "info"}


def fake_tenant(world, platform, tenants):
    """Start a tenant of the fake world."""
    spec, process = tenants.make(), world.process(platform)
    world.directory(platform).ensure_directory(spec.directory)
    process.ensure_service(spec)
    return SimpleNamespace(
        client=world.tenant(platform, spec.mark.instance),
        stop=partial(process.stop_service, spec),
    )


@pytest.fixture
def client(kind, request, world, platform, tenants):
    """A client of a tenant that runs."""
    if kind == "fake":
        return fake_tenant(world, platform, tenants).client
    return request.getfixturevalue("tenant").client()


@pytest.fixture
def ending(kind, request, world, platform, tenants):
    """A tenant that runs and may be stopped."""
    if kind == "fake":
        return fake_tenant(world, platform, tenants)
    server = request.getfixturevalue("clone_tenant")()
    server.start()
    return SimpleNamespace(client=server.client(), stop=server.stop)


# What both do


def test_who_waits_is_told_how_long_it_took(client):
    for wait in (client.wait_healthy, client.wait_login):
        assert 0 <= wait(30) < 30


def test_it_tells_what_it_can_do_and_refuses_the_rest(client):
    told = client.command("ping")
    assert told["odoo"].startswith("19.0")
    assert told["commands"] == ["banner", "ping", "setup", "state", "users"]
    with pytest.raises(NotFound, match="does not know the command dance"):
        client.command("dance")


def test_it_becomes_what_it_is_told_to_be(client):
    values = {"company": HOSTILE, "email": "owner@example.test", "name": "Olga Owner"}
    first = client.command("setup", **values)
    assert first.items() >= {**values, "login": "owner@example.test"}.items()
    assert set(first) == {*values, "login", "country", "currency", "lang", "tz"}
    assert client.command("setup") == first


def test_users_are_counted(client):
    assert client.command("users") == {"internal": 1}


def test_its_state_is_told_in_numbers(client):
    state = client.command("state")
    assert state["odoo"] == client.command("ping")["odoo"]
    assert (state["users"], state["banner"]) == (1, NOTHING)
    assert state["modules"] > 0 and state["uptime"] >= 0


def test_a_banner_is_shown_until_it_is_taken_away(client):
    shown = {"text": HOSTILE, "level": "danger"}
    assert client.command("banner", **shown) == shown
    assert client.command("state")["banner"] == shown
    assert client.command("banner", text="") == NOTHING
    assert client.command("state")["banner"] == NOTHING


def test_each_token_is_another(client):
    assert client.login_token("owner") != client.login_token("owner")


def test_what_is_stopped_may_be_asked_again(ending):
    ending.stop()
    for ask in (
        lambda: ending.client.wait_healthy(0.2),
        lambda: ending.client.wait_login(0.2),
        lambda: ending.client.command("users"),
    ):
        with pytest.raises(RetryableInfraError):
            ask()


# A master of another release


@pytest.fixture
def speaks(monkeypatch):
    """Have the client speak another protocol."""
    return partial(monkeypatch.setattr, "drivers.tenant.PROTOCOL")


def test_a_newer_master_may_say_more(tenant, speaks):
    speaks(PROTOCOL + 1)
    client = tenant.client()
    assert client.command("users", of_the_future=[1]) == {"internal": 1}
    before = client.command("setup")
    assert client.command("setup", hat="green") == before


def test_a_master_of_too_new_a_release_is_told_so(tenant, speaks):
    speaks(PROTOCOL + 2)
    with pytest.raises(PermanentInfraError, match="update this tenant first"):
        tenant.client().command("users")


# What people see of it


@pytest.fixture
def banner(tenant):
    """Show a banner, and take it away afterwards."""
    yield partial(tenant.client().command, "banner")
    tenant.client().command("banner")


def test_a_banner_stands_above_the_web_client_as_text(owner, banner):
    before = owner.get("/odoo").text
    assert banner(text=HOSTILE, level="warning")["level"] == "warning"
    page = owner.get("/odoo")
    assert page.headers["Cache-Control"] == "no-store"
    assert "<script>alert(1)" not in page.text
    body, _, rest = page.text.partition("<body")[2].partition(">")
    assert "o_web_client" in body
    assert rest.lstrip().startswith('<div role="status"')
    assert "&#x27;; $(id) {{7*7}} &lt;script&gt;alert(1)&lt;/script&gt; \\1 é" in rest
    banner(text="")
    assert "saas_banner" not in before + owner.get("/odoo").text


def test_strangers_see_no_banner(tenant, banner):
    banner(text="Maintenance tonight")
    page = tenant.browser().get("/odoo")
    assert "/web/login" in page.url
    assert "Maintenance" not in page.text


def test_an_unknown_level_is_shown_and_a_long_text_refused(tenant, owner, banner):
    assert banner(text="Soon", level="of the future")["level"] == "info"
    for text in ("x" * 501, ["no text"]):
        with pytest.raises(Exception, match="at most 500 characters"):
            banner(text=text)
    assert "Soon" in owner.get("/odoo").text


def test_a_banner_outlives_the_process(clone_tenant):
    server = clone_tenant()
    server.start()
    server.client().command("banner", text="Maintenance tonight")
    server.stop()
    server.start()
    assert server.client().command("state")["banner"]["text"] == "Maintenance tonight"
    owner = server.browser()
    owner.sign_in()
    assert "Maintenance tonight" in owner.get("/odoo").text
