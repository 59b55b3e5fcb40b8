"""Record a year of a customer's life on a real Kill Bill, as it answers each day.

Run by hand where Kill Bill's answers have changed: pytest tests/killbill/record_year.py
writes what the add-on's test_any_order.py plays back.
"""

import json
import time
from decimal import Decimal
from pathlib import Path

from killbill.subscriptions import NOW
from listener import listening

HOME = Path(__file__).resolve().parents[2] / "addons/saas_billing_killbill/tests"
# What the client reads of each; all the rest would be many times as much.
SUBSCRIPTION = [
    "subscriptionId",
    "externalKey",
    "bundleId",
    "bundleExternalKey",
    "accountId",
    "planName",
    "phaseType",
    "state",
    "startDate",
    "chargedThroughDate",
    "cancelledDate",
    "billingEndDate",
]
EVENT = ("eventType", "effectiveDate", "plan", "phase")
INVOICE = [
    "invoiceId",
    "invoiceNumber",
    "accountId",
    "currency",
    "status",
    "invoiceDate",
    "targetDate",
    "amount",
    "balance",
    "creditAdj",
    "refundAdj",
]
ITEM = [
    "invoiceItemId",
    "itemType",
    "amount",
    "rate",
    "subscriptionId",
    "planName",
    "startDate",
    "endDate",
    "linkedInvoiceItemId",
    "description",
]
QUIET = 3  # seconds without a webhook, after which no more come


class Recorder:
    """Does something, and notes what Kill Bill has and has told then.

    :param KillBill kb: the client
    :param Account account: whose life it is
    :param Listener listener: whom Kill Bill tells
    """

    def __init__(self, kb, account, listener):
        self._kb, self._account, self._listener = kb, account, listener
        self.days = []

    def note(self, what):
        """Write down how it is after something."""
        self._kb.clock.settle()
        told = self._wait_until_quiet()
        ask, account = self._kb._transport.get, f"/kb/accounts/{self._account.id}"
        with_items = {"includeInvoiceComponents": True, "includeVoidedInvoices": True}
        self.days.append(
            {
                "what": what,
                "now": self._kb.clock.now(),
                "webhooks": told,
                "subscriptions": [
                    _keep(subscription, SUBSCRIPTION)
                    | {"events": [_keep(e, EVENT) for e in subscription["events"]]}
                    for bundle in ask(f"{account}/bundles")
                    for subscription in bundle["subscriptions"]
                ],
                "invoices": [
                    _keep(invoice, INVOICE)
                    | {"items": [_keep(item, ITEM) for item in invoice["items"]]}
                    for invoice in ask(f"{account}/invoices", **with_items)
                ],
                "written_off": [
                    tag["objectId"]
                    for tag in ask(f"{account}/allTags", objectType="INVOICE")
                ],
            }
        )

    def _wait_until_quiet(self):
        """Return the kinds of what came for the account, in their order."""
        while True:
            before = len(self._listener.heard)
            time.sleep(QUIET)
            if len(self._listener.heard) == before:
                break
        heard, self._listener.heard[:] = [*self._listener.heard], []
        bodies = map(json.loads, heard)
        return [b["eventType"] for b in bodies if b["accountId"] == self._account.id]

    def pay(self):
        for invoice in self._kb.accounts.invoices(self._account.id):
            if invoice.balance > 0:
                key = f"paid-{invoice.id}"
                self._kb.invoices.record_payment(invoice, key, invoice.balance)


def test_record(kb, account, subscribe):
    with listening() as listener:
        kb.tenants.set_callback(listener.url)
        recorder = Recorder(kb, account, listener)
        _live(kb, recorder, subscribe)
    lines = (json.dumps(day, default=_as_text) for day in recorder.days)
    text = "[\n" + ",\n".join(lines) + "\n]\n"
    (HOME / "recorded_year.json").write_text(text)


def _live(kb, recorder, subscribe):
    subscription = subscribe(trial=True, key="odoo-subscription-recorded")
    recorder.note("a trial begins")
    for days, what in ((15, "the trial ends"), (4, "overdue"), (10, "suspended")):
        kb.clock.advance(days)
        recorder.note(what)
    recorder.pay()
    recorder.note("paid at last")
    kb.clock.advance(5)
    kb.subscriptions.change_plan(subscription.id, "professional-monthly", policy=NOW)
    recorder.note("an upgrade in the month")
    recorder.pay()
    recorder.note("the upgrade is paid")
    for month in range(4):
        kb.clock.advance(31)
        recorder.note(f"month {month}")
        recorder.pay()
        recorder.note(f"month {month} is paid")
    kb.subscriptions.change_plan(subscription.id, "starter-monthly")
    recorder.note("a downgrade at the end of the term")
    kb.clock.advance(31)
    recorder.note("the downgrade comes")
    [*_, latest] = sorted(
        kb.accounts.invoices(subscription.account_id), key=lambda one: int(one.number)
    )
    kb.invoices.write_off(latest.id)
    recorder.note("written off")
    kb.subscriptions.cancel(subscription.id)
    recorder.note("a cancellation at the end of the term")
    kb.subscriptions.undo_cancel(subscription.id)
    recorder.note("the cancellation is taken back")
    for month in range(4, 7):
        kb.clock.advance(31)
        recorder.pay()
        recorder.note(f"month {month} is paid")
    kb.clock.advance(10)
    kb.subscriptions.cancel(subscription.id, policy=NOW)
    recorder.note("ended now, with credit")


def _keep(found, names):
    return {name: found[name] for name in names}


def _as_text(value):
    assert isinstance(value, Decimal), value
    return str(value)
