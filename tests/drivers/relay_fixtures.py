"""Fixtures of the suites of the mail relay."""

import pytest


@pytest.fixture
def relay(real_relay):
    return real_relay.driver()


@pytest.fixture
def smarthost(real_relay):
    real_relay.smarthost.mails.clear()
    return real_relay.smarthost


@pytest.fixture
def login(relay, tenants):
    """Give a login that is there while a test runs."""
    spec = tenants.mail_login(tenants.make())
    relay.ensure_login(spec)
    yield spec
    relay.remove_login(spec)
