"""A real Kill Bill, its clock, and people who subscribe."""

import os
import secrets
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from killbill.catalog import ANNUAL, MONTHLY, Catalog, CatalogPlan, render
from killbill.client import KillBill
from killbill.overdue import OverdueState
from killbill.overdue import render as render_overdue
from killbill.subscriptions import NOW

# Who may be our customer, too
NAME = "'; $(id) {{7*7}} <script>"
BEGINNING = datetime(2026, 1, 1)
OVERDUE = (
    OverdueState(name="WARNING", days=3),
    OverdueState(name="SUSPENDED", days=14),
)


class Server:
    """Where Kill Bill is, and how we log in."""

    url = os.environ["SAASODOO_KILLBILL_URL"]
    login = "saasodoo", os.environ["SAASODOO_KILLBILL_PASSWORD"]

    def client(self, tenant=None, **values):
        """Return a client; a keyword replaces what is right."""
        known = {"url": self.url, "login": self.login, "tenant": tenant}
        return KillBill(**known | {"author": "tests"} | values)

    def make_tenant(self):
        """Return key and secret of a new tenant."""
        tenant = f"key-{secrets.token_hex(4)}", secrets.token_hex(16)
        with self.client() as client:
            client.tenants.ensure(*tenant, f"platform {tenant[0]}")
        return tenant


def plans(starter="10.00"):
    """Return what is sold."""
    prices = {"starter": starter, "professional": "30.00"}
    return tuple(
        CatalogPlan(
            product=product,
            period=period,
            prices={"USD": Decimal(price) * times, "EUR": Decimal(price) * times},
            trial_days=14,
            rank=rank,
        )
        for rank, (product, price) in enumerate(prices.items())
        for period, times in ((MONTHLY, 1), (ANNUAL, 10))
    )


@pytest.fixture(scope="session")
def server():
    return Server()


@pytest.fixture(scope="session")
def seller(server):
    """A client of a tenant that sells."""
    with server.client(server.make_tenant()) as client:
        client.tenants.upload_catalog(render(Catalog(since=BEGINNING, plans=plans())))
        client.tenants.upload_overdue(render_overdue(OVERDUE))
        yield client


@pytest.fixture(scope="session")
def kb(seller):
    """The seller's client, on the morning of the first of some month."""
    moment = datetime.fromisoformat(seller.clock.now())
    first = (moment.replace(day=1) + timedelta(days=32)).replace(day=1)
    seller.clock.set(f"{first:%Y-%m-%d}T08:00:00.000Z")
    return seller


@pytest.fixture
def account(kb):
    """Somebody who pays by hand."""
    made = kb.accounts.ensure(f"partner-{secrets.token_hex(6)}", NAME, "USD")
    yield made
    close(kb, made)


def close(client, account):
    """End all that somebody has, as everybody lives through each day of the clock."""
    for subscription in client.accounts.subscriptions(account.id):
        client.subscriptions.cancel(subscription.id, policy=NOW)
    for invoice in client.accounts.invoices(account.id):
        if invoice.balance:
            client.invoices.write_off(invoice.id)


@pytest.fixture
def subscribe(kb, account):
    """Have the account subscribe to something of its own."""

    def start(plan="starter-monthly", trial=False, key=None):
        key = key or secrets.token_hex(6)
        bundle = f"instance-{key}"
        return kb.subscriptions.ensure(account.id, key, bundle, plan, trial=trial)

    return start


@pytest.fixture
def owed(kb, account, subscribe):
    """An invoice of 10.00 that is not paid."""
    subscribe()
    [invoice] = kb.accounts.invoices(account.id)
    return invoice
