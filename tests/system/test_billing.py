"""Plans on their way to a real Kill Bill."""

import pytest
from outages import Outages
from people import run_in_master

from scripts.setup import killbill
from scripts.setup.doctor import servers

PRICE = """
price = env["saas.plan.price"].search([("plan_id.code", "=", "starter")], limit=1)
print("WAS", price.amount)
price.amount = {}
"""
# As somebody does who logs in to Kill Bill and knows better.
BY_HAND = """
from odoo.addons.saas_billing_killbill.killbill import overdue
other = overdue.render([overdue.OverdueState(name="OTHER", days=99)])
with env["saas.killbill.server"].search([])._talking() as client:
    client.tenants.upload_overdue(other)
"""


@pytest.fixture
def another_price(platform):
    """Another price of the plan starter for a while."""
    was = run_in_master(platform, PRICE.format(4321)).partition("WAS ")[2].split()[0]
    yield 4321
    run_in_master(platform, PRICE.format(was))
    platform.saasctl("billing", "publish")


def test_what_set_up_published_is_published_once(platform):
    assert platform.saasctl("billing", "setup")["answer"]["changes"] == []
    shown = platform.saasctl("billing", "publish", "--dry-run")
    assert shown["answer"]["changes"] == []


def test_a_new_price_is_shown_before_it_is_published(platform, another_price):
    shown = platform.saasctl("billing", "publish", "--dry-run")["answer"]["changes"]
    [change] = shown
    assert change.startswith("starter-") and f"→ {another_price}.00" in change
    assert platform.saasctl("billing", "publish")["answer"]["changes"] == [change]
    assert platform.saasctl("billing", "setup")["answer"]["changes"] == []


def test_what_was_changed_by_hand_is_healed(platform):
    run_in_master(platform, BY_HAND)
    healed = platform.saasctl("billing", "setup")["answer"]["changes"]
    assert {"overdue SUSPEND_14: new", "overdue OTHER: gone"} <= {*healed}
    assert platform.saasctl("billing", "setup")["answer"]["changes"] == []


def test_a_kill_bill_that_is_down_is_told_and_harms_nobody(platform, instance, visitor):
    with Outages(platform).stopped("data-plane", "killbill"):
        code, answer = platform.run_saasctl("billing", "publish")
        assert code == 1
        assert "Kill Bill" in str(answer) and "does not answer" in str(answer)
        assert visitor.get(f"{instance['url']}/web/login").status_code == 200
        found = next(servers.check_killbill(platform.settings))
        assert "does not answer" in found.trouble
    killbill.wait_until_up(platform.settings)
    assert platform.saasctl("billing", "setup")["answer"]["changes"] == []
