"""Two lives on a real Kill Bill and a real tenant: by its clock, a month in a minute.

The others are played on fakes, in `saas_billing_killbill/tests/stories`.
"""

import pytest
from billed import BOOKS, PAY, seen, shows
from outages import Outages
from people import COMPANY, call, enter, run_in_master, wait_until

from scripts.setup import killbill

TRIAL, SUSPENDED = 14, 14  # days, of the trial and of what is unpaid
EVERY_DAY = """
print("SEEN", env.company.resource_calendar_id.id)
env.company.resource_calendar_id = {}
"""
LIVE = """
server = env["saas.killbill.server"].search([])
with server._talking() as client:
    client.clock.advance({})
env["saas.killbill.account"]._cron_converge()
"""
TERMS = """
subscription = env["saas.instance"].search([("subdomain", "=", {!r})]).subscription_id
prices = env["saas.plan.price"].search([("period", "=", subscription.period)])
now, end = subscription._saas_now().date(), subscription.paid_until.date()
print("SEEN", [(end - now).days, {{one.plan_id.code: one.amount for one in prices}}])
"""


@pytest.fixture(scope="module")
def live(platform):
    """Live through some days; weekends are days like others, and today comes back."""
    calendar = seen(platform, EVERY_DAY.format(False))
    yield lambda days: run_in_master(platform, LIVE.format(days))
    Outages(platform).restart("data-plane", "killbill")
    killbill.wait_until_up(platform.settings)
    platform.saasctl("billing", "setup")
    run_in_master(platform, EVERY_DAY.format(calendar))


def test_who_pays_late_is_back_at_once_with_all_data(
    platform, customer, live, visitor
):
    name, url = customer["subdomain"], customer["url"]
    enter(platform, visitor, name)
    [partner] = call(visitor, url, "res.partner", "create", [{"name": COMPANY}])

    live(TRIAL)
    wait_until(lambda: shows(platform, name, billing_status="payment_required"))
    live(SUSPENDED)
    wait_until(lambda: shows(platform, name, status="paused"))
    assert shows(platform, name, billing_status="suspended")
    assert visitor.get(f"{url}/web/login").status_code == 503

    run_in_master(platform, PAY.format(name))
    wait_until(lambda: shows(platform, name, billing_status="paid", status="running"))
    visitor.cookies.clear()
    enter(platform, visitor, name)
    [read] = call(visitor, url, "res.partner", "read", [partner], ["name"])
    assert read["name"] == COMPANY
    wait_until(lambda: seen(platform, BOOKS.format(name))[1:] == [0.0, 0.0])


def test_a_larger_plan_in_the_middle_of_a_month(platform, customer, live):
    name, outages = customer["subdomain"], Outages(platform)
    before = outages.memory_of(customer)
    live(TRIAL)
    wait_until(lambda: shows(platform, name, billing_status="payment_required"))
    run_in_master(platform, PAY.format(name))
    wait_until(lambda: shows(platform, name, billing_status="paid"))
    whole, prices = seen(platform, TERMS.format(name))

    live(10)
    platform.saasctl("instance", "change-plan", name, "--plan", "professional")
    wait_until(lambda: shows(platform, name, plan="professional", status="running"))
    wait_until(lambda: outages.memory_of(customer) > before)
    rest = (whole - 10) / whole
    more, less = (
        round(prices[plan] * rest, 2) for plan in ("professional", "starter")
    )
    owed = round(more - less, 2)
    wait_until(lambda: seen(platform, BOOKS.format(name))[1:] == [owed, 0.0])

    run_in_master(platform, PAY.format(name))
    wait_until(lambda: shows(platform, name, billing_status="paid"))
    wait_until(lambda: seen(platform, BOOKS.format(name))[1:] == [0.0, 0.0])
