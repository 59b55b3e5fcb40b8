"""A new price for who pays an older one: from a term on, never within one.

Kill Bill 0.22 has whoever began with a trial begin it anew, for ever, where a catalog
names the date from which on existing subscriptions pay its prices: each is told.
"""

from .books import COMMITTED
from .revenue import RECURRING


def is_outdated(subscription, invoices, price, since):
    """Tell whether another price is to be paid from the next term on.

    What ends then, or changes anyway, needs no telling.

    :param Subscription subscription: it
    :param invoices: all of its account
    :param Decimal price: of its plan and period now, net
    :param date since: the first day on which a term may begin at that price
    """
    billed = [
        item
        for invoice in invoices
        if invoice.status == COMMITTED
        for item in invoice.items
        if item.kind == RECURRING
        and item.subscription_id == subscription.id
        and item.plan == subscription.plan
    ]
    if not billed or subscription.state != "ACTIVE" or subscription.cancelled:
        return False
    last = max(billed, key=lambda item: item.end)
    changes = (event.on for event in subscription.events if event.kind == "CHANGE")
    comes = any(on >= last.end for on in changes)
    return not comes and last.end >= since and last.rate != price
