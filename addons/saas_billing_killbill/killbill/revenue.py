"""What a subscription brings in a month, by what Kill Bill bills for it.

Each recurring line tells the full price of its period, however few days of it are
billed: a sale, another plan, another price and an end can all be read from the lines.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .books import COMMITTED, sum_paid
from .catalog import months_of

RECURRING = "RECURRING"
CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Days with one plan at one price.

    :param str plan: what Kill Bill calls it
    :param date start: the first day
    :param date end: the first day that is no longer part of it, None while it goes on
    :param Decimal monthly: net, of one month; of a year a twelfth
    """

    plan: str
    start: date
    end: date | None
    monthly: Decimal


def find_stretches(subscription, ledger):
    """Return what a subscription brings in, from when to when; first things first.

    Nothing where not even a part of one bill was ever paid: that is no customer yet.

    :param Subscription subscription: it
    :param Ledger ledger: all of its account
    :rtype: list[Stretch]
    """
    billed = [
        (invoice, item)
        for invoice in ledger.invoices
        if invoice.status == COMMITTED
        for item in invoice.items
        if item.kind == RECURRING and item.subscription_id == subscription.id
    ]
    if not any(
        sum_paid(invoice) > 0 and invoice.id not in ledger.written_off
        for invoice, _ in billed
    ):
        return []
    # Of two lines from the same day on, the later one mends the other.
    billed.sort(key=lambda line: (line[1].start, int(line[0].number)))
    begins = {item.start: _read_terms(item) for _, item in billed}
    return _cut(_without_repeats(begins), _get_end(subscription))


def _read_terms(item):
    return item.plan, (item.rate / months_of(item.plan)).quantize(CENT)


def _without_repeats(begins):
    """Return what begins when, without what only goes on."""
    changes = []
    for start, terms in begins.items():
        if not changes or changes[-1][1] != terms:
            changes.append((start, terms))
    return changes


def _cut(changes, end):
    """Return the stretches from each change to the next, none of them past the end."""
    living = [change for change in changes if end is None or change[0] < end]
    ends = [*(start for start, _ in living[1:]), end] if living else []
    return [
        Stretch(plan=plan, start=start, end=stop, monthly=monthly)
        for (start, (plan, monthly)), stop in zip(living, ends, strict=True)
    ]


def _get_end(subscription):
    ended = subscription.state in ("CANCELLED", "EXPIRED")
    return (subscription.cancelled or subscription.billing_end) if ended else None
