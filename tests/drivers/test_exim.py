"""Logins at the mail relay: what the relay and the fake have in common."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from drivers.errors import NotOurs, PermanentInfraError
from tenants import stranger


@pytest.fixture(params=["real", "fake"])
def relay(request, world, platform):
    if request.param == "fake":
        return world.exim(platform)
    return request.getfixturevalue("real_relay").driver()


def test_a_login_is_listed_with_its_mark_and_rights(relay, login):
    relay.check()
    state = relay.list_logins()[login.name]
    assert (state.mark, state.sender) == (login.mark, login.sender)
    assert (state.daily_limit, state.enabled) == (100, True)


def test_ensuring_twice_changes_nothing(relay, login):
    before = relay.list_logins()
    relay.ensure_login(login)
    assert relay.list_logins() == before


def test_a_login_changes_its_rights(relay, login):
    sender = "notifications@other.tenants.localhost"
    relay.ensure_login(replace(login, daily_limit=7, enabled=False, sender=sender))
    state = relay.list_logins()[login.name]
    assert (state.daily_limit, state.enabled, state.sender) == (7, False, sender)


def test_many_may_write_a_login_at_once(relay, login):
    wishes = [replace(login, daily_limit=limit) for limit in range(100)]
    with ThreadPoolExecutor(8) as many:
        assert not any(many.map(relay.ensure_login, wishes))
    state = relay.list_logins()[login.name]
    assert state == replace(state, mark=login.mark, sender=login.sender, enabled=True)


def test_removing_twice_is_removing_once(relay, login):
    relay.remove_login(login)
    relay.remove_login(login)
    assert login.name not in relay.list_logins()


@pytest.mark.parametrize("touch", ["ensure_login", "remove_login"])
def test_what_carries_another_mark_is_left_alone(relay, login, touch):
    with pytest.raises(NotOurs):
        getattr(relay, touch)(stranger(login))
    assert relay.list_logins()[login.name].mark == login.mark


@pytest.mark.parametrize(
    "values",
    [
        {"sender": "a@b.test\nlimit=1000000"},
        {"address": "a@b.test\nenabled=yes"},
        {"daily_limit": -1},
    ],
)
def test_what_could_say_more_than_one_thing_is_refused(relay, login, values):
    before = relay.list_logins()
    with pytest.raises(PermanentInfraError, match="cannot be written"):
        relay.ensure_login(replace(login, **values))
    assert relay.list_logins() == before


def test_another_platforms_login_is_not_listed(relay, tenants, platform):
    other = tenants.mail_login(tenants.make(platform=f"33333333{platform[8:]}"))
    relay.ensure_login(other)
    assert other.name not in relay.list_logins()
    relay.remove_login(other)


def test_a_password_is_shown_by_nobody(login):
    assert login.password not in repr(login)
