"""A tenant's configuration on a real Kill Bill, and the webhooks that it sends."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from conftest import BEGINNING, NAME, OVERDUE, close, plans
from killbill import catalog, overdue, webhook
from killbill.errors import InvalidLogin
from killbill.subscriptions import AT_TERM
from listener import listening

from scripts.setup.runner import wait_for


@pytest.fixture
def fresh(server):
    """A client of a tenant that has nothing."""
    with server.client(server.make_tenant()) as client:
        yield client


def published(client):
    return catalog.parse(client.tenants.catalog())


def publish(client, wanted):
    client.tenants.upload_catalog(catalog.render(wanted))


def test_a_tenant_is_made_once(server):
    tenant = server.make_tenant()
    with server.client() as client:
        client.tenants.ensure(*tenant, "the same")
    with server.client(tenant) as client:
        assert client.tenants.callback() == ""


@pytest.mark.parametrize("wrong", ["login", "tenant"])
def test_a_wrong_login_is_told_as_such(server, wrong):
    tenant = server.make_tenant()
    values = {wrong: (tenant[0], "wrong")}
    refused = pytest.raises(InvalidLogin, match="Catalogue, Kill Bill")
    with server.client(**{"tenant": tenant} | values) as client, refused:
        client.accounts.find("nobody")


def test_a_server_says_its_version(server):
    with server.client() as client:
        assert client.is_healthy()
        version = wait_for(client.version, 60, "the version of Kill Bill")
        assert version.startswith("0.2")


# === CATALOG === #


def test_a_catalog_is_read_back_as_it_was_published(fresh):
    assert published(fresh) is None
    wanted = catalog.Catalog(since=BEGINNING, plans=plans())
    publish(fresh, wanted)
    assert published(fresh).since == BEGINNING
    assert catalog.differences(wanted, published(fresh)) == []


def test_a_new_price_is_of_new_subscriptions_alone(seller_of_two_prices):
    kb, account = seller_of_two_prices
    old = _subscribe(kb, account, "old")
    kb.clock.advance(1)
    later = replace(published(kb), since=_today(kb), plans=plans("12.00"))
    catalog.check(later, published(kb))
    assert catalog.differences(later, published(kb))[:2] == [
        "starter-monthly: 10.00 → 12.00 EUR",
        "starter-monthly: 10.00 → 12.00 USD",
    ]
    publish(kb, later)
    kb.clock.advance(1)
    _subscribe(kb, account, "new")
    kb.clock.advance(31)
    amounts = _amounts(kb, account)
    assert amounts[old.id] == [Decimal("10.00")] * 2
    assert [a for s, a in amounts.items() if s != old.id] == [[Decimal("12.00")] * 2]


def test_a_new_price_is_of_everybody_from_a_date_on(seller_of_two_prices):
    kb, account = seller_of_two_prices
    old = _subscribe(kb, account, "old")
    kb.clock.advance(1)
    publish(kb, replace(published(kb), since=_today(kb), plans=plans("12.00")))
    changed = kb.subscriptions.change_plan(old.id, old.plan, policy=AT_TERM)
    [change] = [event for event in changed.events if event.kind == "CHANGE"]
    assert (change.on, change.plan) == (old.charged_through, old.plan)
    kb.clock.advance(32)
    assert _amounts(kb, account)[old.id] == [Decimal("10.00"), Decimal("12.00")]


def test_a_plan_that_is_no_longer_sold_goes_on_for_who_has_it(seller_of_two_prices):
    kb, account = seller_of_two_prices
    old = _subscribe(kb, account, "old")
    kb.clock.advance(1)
    retired = tuple(replace(p, on_sale=p.product != "starter") for p in plans())
    publish(kb, replace(published(kb), since=_today(kb), plans=retired))
    assert [p.name for p in published(kb).plans if not p.on_sale] == [
        "starter-annual",
        "starter-monthly",
    ]
    kb.clock.advance(32)
    assert _amounts(kb, account)[old.id] == [Decimal("10.00")] * 2


@pytest.fixture
def seller_of_two_prices(kb, fresh):
    """A tenant of its own, as catalogs stay, and somebody who pays."""
    publish(fresh, catalog.Catalog(since=BEGINNING, plans=plans()))
    account = fresh.accounts.ensure("partner", NAME, "USD")
    yield fresh, account
    close(fresh, account)


def _subscribe(kb, account, key):
    plan = "starter-monthly"
    return kb.subscriptions.ensure(account.id, key, f"of-{key}", plan, trial=False)


def _today(kb):
    now = datetime.fromisoformat(kb.clock.now()).replace(tzinfo=None)
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(minutes=1)


def _amounts(kb, account):
    """Return what each subscription was asked for, by its id."""
    asked = {}
    invoices = sorted(kb.accounts.invoices(account.id), key=lambda i: int(i.number))
    for item in (item for invoice in invoices for item in invoice.items):
        asked.setdefault(item.subscription_id, []).append(item.amount)
    return asked


# === OVERDUE === #


def test_overdue_states_are_read_back_as_they_were_published(fresh):
    assert overdue.parse(fresh.tenants.overdue()) == []
    fresh.tenants.upload_overdue(overdue.render(OVERDUE))
    assert tuple(overdue.parse(fresh.tenants.overdue())) == OVERDUE


# === WEBHOOKS === #


def test_webhooks_go_where_they_are_told_to(fresh):
    with listening() as listener:
        assert fresh.tenants.set_callback(f"{listener.url}/hook/secret")
        assert not fresh.tenants.set_callback(f"{listener.url}/hook/secret")
        account = fresh.accounts.ensure("partner", NAME, "USD")
        body = listener.wait_for(lambda heard: b"ACCOUNT_CREATION" in heard)
        tags = listener.wait_for(lambda heard: b"TAG_CREATION" in heard)
    told = webhook.parse(body)
    assert (told.account_id, told.object_type) == (account.id, "ACCOUNT")
    assert "MANUAL_PAY" in webhook.parse(tags).meta.values()


def test_webhooks_that_nobody_takes_are_seen_waiting(fresh):
    with listening(status=500) as listener:
        fresh.tenants.set_callback(listener.url)
        account = fresh.accounts.ensure("partner", NAME, "USD")
        listener.wait_for(lambda heard: b"ACCOUNT_CREATION" in heard)

        def is_seen():
            waiting = fresh.tenants.waiting_deliveries(account.id)
            return ("ACCOUNT_CREATION", account.id, 1) in {
                (each["kind"], each["account_id"], each["tries"]) for each in waiting
            }

        # It is put back once Kill Bill has read our answer.
        wait_for(is_seen, 30, "the delivery that waits")


def test_webhooks_are_tried_again_as_often_as_told(fresh):
    fresh.tenants.set_retries("1s,1s")
    with listening(status=500) as listener:
        fresh.tenants.set_callback(listener.url)
        account = fresh.accounts.ensure("partner", NAME, "USD")

        def find_tries():
            return [body for body in [*listener.heard] if b"ACCOUNT_CREATION" in body]

        wait_for(lambda: len(find_tries()) == 3, 60, "the first try and two more")
    [told] = {*find_tries()}
    assert account.id.encode() in told
