"""What tests see of customers whom a real Kill Bill bills, and do for them."""

import ast

import pytest
from people import run_in_master, wait_until

BILL = """
env["saas.killbill.server"].search([]).bills_new = {}
"""
# What Kill Bill says of an instance's subscription, and what is ordered of it.
LOOK = """
subscription = env["saas.instance"].search([("subdomain", "=", {!r})]).subscription_id
account = subscription.killbill_account_id
with account.server_id._talking() as client:
    found = client.subscriptions.find(subscription.killbill_key)
    fields = client.subscriptions.get_fields(found.id)
print("SEEN", [found.state, found.phase, found.plan, fields.get("target_instance_id")])
"""
DATES = """
subscription = env["saas.instance"].search([("subdomain", "=", {!r})]).subscription_id
print("SEEN", [bool(subscription.cancel_at), bool(subscription.ended_at),
    subscription.killbill_order_ids.mapped("state")])
"""

BOOKS = """
subscription = env["saas.instance"].search([("subdomain", "=", {!r})]).subscription_id
account = subscription.killbill_account_id
moves = [
    (move.move_type, move.state, move.payment_state, move.amount_untaxed)
    for move in account.move_ids.sorted("id")
]
print("SEEN", [moves, account.owed, account.difference])
"""
PAY = """
subscription = env["saas.instance"].search([("subdomain", "=", {!r})]).subscription_id
moves = subscription.killbill_account_id.move_ids.filtered(
    lambda move: move.move_type == "out_invoice" and move.amount_residual
)
wizard = env["account.payment.register"].with_context(
    active_model="account.move", active_ids=moves.ids
)
wizard.create({{}})._create_payments()
"""


@pytest.fixture(scope="module")
def billed(platform):
    """New subscriptions are Kill Bill's for a while."""
    run_in_master(platform, BILL.format(True))
    yield
    run_in_master(platform, BILL.format(False))


@pytest.fixture
def customer(platform, billed, instance):
    """An instance whose subscription has come to Kill Bill."""
    wait_until(lambda: states(platform, instance)[2] == ["done"])
    return instance


def look(platform, instance):
    return seen(platform, LOOK.format(instance["subdomain"]))


def states(platform, instance):
    return seen(platform, DATES.format(instance["subdomain"]))


def seen(platform, script):
    [line] = [
        line
        for line in run_in_master(platform, script).splitlines()
        if line.startswith("SEEN ")
    ]
    return ast.literal_eval(line.removeprefix("SEEN "))


def shows(platform, name, **values):
    """Return what the command line shows, None where it is not just this."""
    shown = platform.saasctl("instance", "show", name)
    return shown if values.items() <= shown.items() else None
