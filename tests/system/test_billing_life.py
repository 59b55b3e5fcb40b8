"""A customer's instance, billed by a real Kill Bill."""

import re

from billed import BOOKS, PAY, look, seen, shows, states
from people import run_in_master, wait_until

BY_HAND = """
subscription = env["saas.instance"].search([("subdomain", "=", {!r})]).subscription_id
with subscription.killbill_account_id.server_id._talking() as client:
    found = client.subscriptions.find(subscription.killbill_key)
    client.subscriptions.cancel(found.id, policy="IMMEDIATE")
"""


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
        return seen(platform, BOOKS.format(name))

    [invoice] = wait_until(lambda: look_at_books()[0])
    price = invoice[3]
    assert price > 0
    wait_until(lambda: look_at_books()[1:] == [price, 0.0])
    assert invoice == ("out_invoice", "posted", "not_paid", price)
    assert shows(platform, name, status="terminated", billing_status="payment_required")

    run_in_master(platform, PAY.format(name))
    wait_until(lambda: look_at_books()[1:] == [0.0, 0.0])
    wait_until(lambda: shows(platform, name, billing_status="paid", status="running"))
    wanted = ["ACTIVE", "EVERGREEN", "starter-monthly", customer["uuid"]]
    assert look(platform, customer) == wanted

    platform.saasctl("instance", "terminate", name, "--yes", "--wait")
    wait_until(lambda: look_at_books()[1:] == [-price, 0.0])
    [_, credit] = look_at_books()[0]
    assert credit == ("out_refund", "posted", "not_paid", price)


def test_what_is_done_in_kill_bill_is_followed_by_its_webhooks(platform, customer):
    run_in_master(platform, BY_HAND.format(customer["subdomain"]))
    wait_until(lambda: states(platform, customer)[1])
    wait_until(lambda: shows(platform, customer["subdomain"], status="terminated"))
    log = (platform.run_dir / "log/web.log").read_text()
    assert "/saas/killbill/webhook/... " in log
    assert not re.search(r"/saas/killbill/webhook/[^.]", log)
