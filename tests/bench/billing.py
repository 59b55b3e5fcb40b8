"""Webhooks, a change of plan and many accounts, with a real Kill Bill."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from master import call, operation_of, request_instance
from measure import Stopwatch, summarise
from people import run_in_master, wait_until
from provisioning import new_name
from targets import WEBHOOK

from scripts.setup import postgresql

ACCOUNTS, BURST, SENDERS = 5000, 1000, 20
CHANGE = "plan change, from click to new limits, by Kill Bill"
PLANS = ("professional", "starter")
LIMIT = 1800  # seconds
BILL = """
env["saas.killbill.server"].search([]).bills_new = {}
"""
WAKE = """
env["saas.killbill.account"].search([])._wake()
"""


def bill(platform, runs, names):
    """Measure what happens between Kill Bill and the platform.

    :param int runs: of what is done one after the other; 20 or more for all accounts
    :param list names: gets the name of each instance, before it is made
    :return: figures by name
    :rtype: dict
    """
    figures = _change_plans(platform, runs, names)
    count = ACCOUNTS if runs >= 20 else ACCOUNTS // 100
    callback, accounts = _make(platform, count)
    began, first = time.time(), accounts[: 10 * runs]
    figures[WEBHOOK] = summarise([_tell(callback, one) for one in first])
    _wait_until_agreed(platform, first, began)
    figures |= _burst(platform, callback, accounts[:BURST])
    began = time.time()
    run_in_master(platform, WAKE)
    spent = _wait_until_agreed(platform, accounts, began)
    name = f"{count} accounts agree again with Kill Bill"
    return figures | {name: {"p50": spent, "p95": spent, "runs": 1}}


def _change_plans(platform, runs, names):
    run_in_master(platform, BILL.format(True))
    name = new_name()
    names.append(name)
    request_instance(platform, name)
    assert operation_of(platform, name)["state"] == "done"
    run_in_master(platform, BILL.format(False))
    seconds = []
    for plan in itertools.islice(itertools.cycle(PLANS), runs):
        with Stopwatch() as watch:
            call(platform, "instance_change_plan", ref=name, plan=plan)
            wait_until(lambda plan=plan: _has(platform, name, plan))
        seconds.append(watch.seconds)
    return {CHANGE: summarise(seconds)}


def _has(platform, name, plan):
    shown = call(platform, "instance_show", ref=name)
    return shown["plan"] == plan and shown["operation"]["state"] == "done"


def _make(platform, count):
    """Return Kill Bill's callback, and its ids of new accounts."""
    script = Path(__file__).with_name("many_accounts.py").read_text()
    told = run_in_master(platform, f"COUNT = {count}\n{script}", seconds=LIMIT)
    lines = dict(line.split(" ", 1) for line in told.splitlines() if " " in line)
    return lines["CALLBACK"], lines["ACCOUNTS"].split()


def _burst(platform, callback, accounts):
    """Tell of many accounts at once, as Kill Bill does on the first of a month."""
    began = time.time()
    with ThreadPoolExecutor(SENDERS) as pool:
        seconds = list(pool.map(lambda one: _tell(callback, one), accounts))
    spent = _wait_until_agreed(platform, accounts, began)
    name = f"{len(accounts)} webhooks in a burst"
    lost = len(accounts) - _count_agreed(platform, accounts, began)
    return {
        f"{name}, acknowledged": summarise(seconds),
        f"{name}, all accounts agree": {
            "p50": spent, "p95": spent, "runs": 1, "lost": lost
        },
    }  # fmt: skip


def _tell(callback, account):
    """Send a webhook.

    :return: the seconds until it was acknowledged
    """
    body = {
        "eventType": "SUBSCRIPTION_PHASE",
        "accountId": account,
        "objectType": "SUBSCRIPTION",
        "objectId": account,
        "metaData": None,
    }
    with Stopwatch() as watch:
        answer = requests.post(callback, json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    return watch.seconds


def _wait_until_agreed(platform, accounts, began):
    """Wait until all accounts were looked at since a moment.

    :return: the seconds that it took, rounded
    """
    wait_until(
        lambda: _count_agreed(platform, accounts, began) == len(accounts),
        seconds=LIMIT,
    )
    return round(time.time() - began, 1)


def _count_agreed(platform, accounts, began):
    ids = ", ".join(f"'{one}'" for one in accounts)
    sql = f"""SELECT count(*) FROM saas_killbill_account
               WHERE killbill_id IN ({ids}) AND synced_at >= to_timestamp({int(began)})
                     AT TIME ZONE 'UTC'"""
    return int(postgresql.run_sql(platform.settings, "postgres", "master", sql))
