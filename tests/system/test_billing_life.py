"""A customer's instance, billed by a real Kill Bill."""

import ast
import re

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
BY_HAND = """
subscription = env["saas.instance"].search([("subdomain", "=", {!r})]).subscription_id
with subscription.killbill_account_id.server_id._talking() as client:
    found = client.subscriptions.find(subscription.killbill_key)
    client.subscriptions.cancel(found.id, policy="IMMEDIATE")
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
moves = subscription.killbill_account_id.move_ids
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
    return _seen(platform, LOOK.format(instance["subdomain"]))


def states(platform, instance):
    return _seen(platform, DATES.format(instance["subdomain"]))


def _seen(platform, script):
    [line] = [
        line
        for line in run_in_master(platform, script).splitlines()
        if line.startswith("SEEN ")
    ]
    return ast.literal_eval(line.removeprefix("SEEN "))


def test_an_instance_on_trial_is_known_to_kill_bill(platform, customer):
    wanted = ["ACTIVE", "TRIAL", "starter-monthly", customer["uuid"]]
    assert look(platform, customer) == wanted
    shown = platform.saasctl("instance", "show", customer["subdomain"])
    assert (shown["billing_status"], shown["status"]) == ("trial", "running")


def test_a_larger_plan_comes_when_kill_bill_says_so(platform, customer):
    name = customer["subdomain"]
    platform.saasctl("instance", "change-plan", name, "--plan", "professional")

    def has_it():
        shown = platform.saasctl("instance", "show", name)
        ended = shown["operation"]["state"] == "done"
        return ended and shown["plan"] == "professional"

    wait_until(has_it, seconds=120)
    assert look(platform, customer)[2] == "professional-monthly"


def test_who_is_terminated_owes_nothing_more(platform, customer):
    name = customer["subdomain"]
    platform.saasctl("instance", "terminate", name, "--yes", "--wait")
    wait_until(lambda: states(platform, customer)[1])
    assert look(platform, customer)[0] == "CANCELLED"


def test_who_comes_back_pays_first_in_odoo_and_both_sides_agree(platform, customer):
    name = customer["subdomain"]
    platform.saasctl("instance", "terminate", name, "--yes", "--wait")
    wait_until(lambda: states(platform, customer)[1])

    asked = platform.saasctl("instance", "reactivate", name, "--wait")
    assert asked["operation"] is None and asked["pending_until"]

    def look_at_books():
        return _seen(platform, BOOKS.format(name))

    [invoice] = wait_until(lambda: look_at_books()[0])
    price = invoice[3]
    assert price > 0
    wait_until(lambda: look_at_books()[1:] == [price, 0.0])
    assert invoice == ("out_invoice", "posted", "not_paid", price)
    assert _with(platform, name, status="terminated", billing_status="payment_required")

    run_in_master(platform, PAY.format(name))
    wait_until(lambda: look_at_books()[1:] == [0.0, 0.0])
    wait_until(lambda: _with(platform, name, billing_status="paid", status="running"))
    seen = look(platform, customer)
    assert seen == ["ACTIVE", "EVERGREEN", "starter-monthly", customer["uuid"]]

    platform.saasctl("instance", "terminate", name, "--yes", "--wait")
    wait_until(lambda: look_at_books()[1:] == [-price, 0.0])
    [_, credit] = look_at_books()[0]
    assert credit == ("out_refund", "posted", "not_paid", price)


def test_what_is_done_in_kill_bill_is_followed_by_its_webhooks(platform, customer):
    run_in_master(platform, BY_HAND.format(customer["subdomain"]))
    wait_until(lambda: states(platform, customer)[1])
    wait_until(lambda: _with(platform, customer["subdomain"], status="terminated"))
    log = (platform.run_dir / "log/web.log").read_text()
    assert "/saas/killbill/webhook/... " in log
    assert not re.search(r"/saas/killbill/webhook/[^.]", log)


def _with(platform, name, **values):
    shown = platform.saasctl("instance", "show", name)
    return shown if values.items() <= shown.items() else None
