"""The main job: from a command to a customer's running Odoo."""

import json

import pytest
import websocket
from conftest import COMPANY, call, enter, enter_as_owner, press


def test_a_command_gives_a_customer_a_running_odoo(instance, visitor):
    assert instance["status"] == "running"
    assert {"id", "uuid", "url", "database", "seconds", "steps"} <= set(instance)
    assert [step["name"] for step in instance["steps"]][-1] == "announce"
    assert all(step["state"] == "done" for step in instance["steps"])
    page = visitor.get(f"{instance['url']}/web/login")
    assert page.status_code == 200
    assert "Log in" in page.text


def test_the_owner_enters_by_a_link_as_administrator(platform, instance, visitor):
    facts = enter_as_owner(platform, visitor, instance["subdomain"])
    assert facts["username"] == instance["email"] and facts["is_system"]
    [company] = facts["user_companies"]["allowed_companies"].values()
    assert company["name"] == f"{COMPANY} {instance['subdomain']}"


def test_support_enters_as_itself(platform, shared_instance, visitor):
    facts = enter(platform, visitor, shared_instance["subdomain"])
    assert facts["username"] == "saas_support" and facts["is_system"]


@pytest.mark.parametrize(
    ("ordered", "expected"),
    [
        ({}, ("en_US", False, "UTC", None)),
        # Neither the template's language nor the currency of the bill.
        (
            {"lang": "fr_FR", "country": "CH", "tz": "Europe/Zurich"},
            ("fr_FR", "CH", "Europe/Zurich", "CHF"),
        ),
    ],
)
def test_an_instance_speaks_and_counts_as_it_was_ordered(
    platform, visitor, ordered, expected
):
    [billed] = {
        price["currency"]
        for plan in platform.saasctl("plan", "list")
        for price in plan["prices"]
    }
    created = platform.create(**ordered)
    facts = enter_as_owner(platform, visitor, created["subdomain"])
    context = facts["user_context"]
    names = ["country_code", "currency_id", "partner_id"]
    [company] = call(visitor, created["url"], "res.company", "read", [1], names)
    told = (context["lang"], company["country_code"], context["tz"])
    currency = company["currency_id"][1]
    assert (*told, None if currency == billed else currency) == expected
    partner = ([company["partner_id"][0]], ["lang", "tz"])
    [read] = call(visitor, created["url"], "res.partner", "read", *partner)
    assert (read["lang"], read["tz"]) == (context["lang"], context["tz"])
    platform.remove(created["subdomain"])


def test_a_spent_link_says_so(platform, shared_instance, visitor):
    name = shared_instance["subdomain"]
    link = platform.saasctl("instance", "open", name, "--reason", "test")["url"]
    for expected in (200, 410):
        answer = press(visitor, link)
        assert answer.status_code == expected
    assert "This link is over" in answer.text


def test_the_web_socket_works_through_the_proxy(platform, shared_instance, visitor):
    name = shared_instance["subdomain"]
    enter(platform, visitor, name)
    host = shared_instance["url"].removeprefix("http://")
    socket = websocket.create_connection(
        f"ws://127.0.0.1:{host.rpartition(':')[2]}/websocket?version=19.0-2",
        host=host,
        origin=shared_instance["url"],
        cookie=f"session_id={visitor.session_of(shared_instance['url'])}",
        timeout=30,
    )
    subscription = {"channels": [], "last": 0}
    socket.send(json.dumps({"event_name": "subscribe", "data": subscription}))
    assert socket.connected
    socket.close()


def test_two_instances_share_no_secret(platform, instance, shared_instance, visitor):
    one = enter(platform, visitor, instance["subdomain"])
    visitor.cookies.clear()
    other = enter(platform, visitor, shared_instance["subdomain"])
    assert one["db"] != other["db"]
    session = visitor.session_of(shared_instance["url"])
    visitor.cookies.clear()
    stranger = visitor.get(f"{instance['url']}/odoo", cookies={"session_id": session})
    assert stranger.status_code == 303
    assert "/web/login" in stranger.headers["Location"]


def test_the_database_manager_and_the_runner_are_closed(instance, visitor):
    for path in ("/web/database/manager", "/queue_job/runjob", "/saas/command/setup"):
        assert visitor.get(f"{instance['url']}{path}").status_code in (403, 404, 405)


def test_an_unknown_name_answers_with_a_notice(shared_instance, visitor):
    url = shared_instance["url"].replace(shared_instance["subdomain"], "nobody-here")
    answer = visitor.get(url)
    assert answer.status_code == 503
    assert "nginx" not in answer.text
