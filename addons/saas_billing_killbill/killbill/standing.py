"""How a subscription stands, by all that Kill Bill says of its account.

Level-triggered: the same records give the same standing, whatever happened before.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .books import COMMITTED

CENT = Decimal("0.01")
# Of an account that owes, in the words of saas.subscription
TRIAL, REQUIRED, PAID = "trial", "payment_required", "paid"
OVERDUE, SUSPENDED = "overdue", "suspended"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is true of one subscription.

    :param str plan: what Kill Bill calls the plan of now
    :param str pending_plan: what it becomes, empty for no change
    :param Decimal due: what it owes itself, of all unpaid invoices of the account
    :param date owed_since: of the earliest of those
    """

    status: str
    plan: str
    pending_plan: str
    paid_until: date | None
    trial_end: date | None
    cancel_at: date | None
    ended_at: date | None
    due: Decimal
    owed_since: date | None


def find_standing(subscription, invoices, suspend_after, overdue_after, today):
    """Tell how a subscription stands.

    Overdue in Kill Bill is of the whole account: one instance that is not paid would
    suspend those that are. Here it is of the subscription's own share.

    :param Subscription subscription: it
    :param invoices: all of its account
    :param int suspend_after: days from the invoice on, None for never
    :param int overdue_after: days until it is overdue, None for never
    :param date today: as Kill Bill's clock has it
    :rtype: Standing
    """
    unpaid = find_unpaid(subscription, invoices)
    due = sum((share for _, share in unpaid), Decimal(0))
    since = min((invoice.on for invoice, _ in unpaid), default=None)
    in_trial = subscription.phase == "TRIAL" and subscription.state != "CANCELLED"
    status = TRIAL if in_trial else PAID
    if _waits_for_its_first_invoice(subscription):
        status = REQUIRED
    if since:
        days = (today - since).days
        status = REQUIRED
        if overdue_after is not None and days >= overdue_after:
            status = OVERDUE
        if suspend_after is not None and days >= suspend_after:
            status = SUSPENDED
    ended = subscription.state in ("CANCELLED", "EXPIRED")
    return Standing(
        status=status,
        plan=subscription.plan,
        pending_plan=_pending_plan(subscription, today),
        paid_until=None if in_trial else since or subscription.charged_through,
        trial_end=_trial_end(subscription),
        cancel_at=None if ended else subscription.cancelled,
        ended_at=(subscription.cancelled or today) if ended else None,
        due=due,
        owed_since=since,
    )


def _waits_for_its_first_invoice(subscription):
    """Tell whether Kill Bill has begun it and not billed it yet: nothing is paid."""
    begun = subscription.phase != "TRIAL" and subscription.state == "ACTIVE"
    return begun and subscription.charged_through is None


def find_unpaid(subscription, invoices):
    """Return the invoices on which a subscription owes, each with its share.

    :param Subscription subscription: it
    :param invoices: all of its account
    :rtype: list[tuple[Invoice, Decimal]]
    """
    owners = owners_of(invoices)
    return [
        (invoice, share)
        for invoice in invoices
        if invoice.status == COMMITTED and invoice.balance > 0
        if (share := share_of(subscription, invoice, owners)) > 0
    ]


def owners_of(invoices):
    """Return the subscription of each line, by the line's id."""
    return {item.id: item.subscription_id for each in invoices for item in each.items}


def share_of(subscription, invoice, owners):
    """Return what of an invoice's balance is a subscription's, to the cent.

    What mends a line names that line, not the subscription; what is of nobody, such as
    credit, counts for all in proportion.

    :param dict owners: what :func:`owners_of` says of all invoices of the account
    :rtype: Decimal
    """
    amounts = {}
    for item in invoice.items:
        owner = item.subscription_id or owners.get(item.linked_id)
        if owner:
            amounts[owner] = amounts.get(owner, Decimal(0)) + item.amount
    owing = {owner: amount for owner, amount in amounts.items() if amount > 0}
    if subscription.id not in owing:
        return Decimal(0)
    # The last one takes what rounding leaves: all shares together are the balance.
    *others, last = sorted(owing)
    total = sum(owing.values())
    shares = {
        owner: (invoice.balance * owing[owner] / total).quantize(CENT)
        for owner in others
    }
    shares[last] = invoice.balance - sum(shares.values())
    return shares[subscription.id]


def _pending_plan(subscription, today):
    changes = [
        event.plan
        for event in subscription.events
        if event.kind == "CHANGE" and event.on > today
    ]
    return changes[0] if changes and changes[0] != subscription.plan else ""


def _trial_end(subscription):
    """Return when the trial ends, or ended."""
    phases = [
        event.on
        for event in subscription.events
        if event.kind == "PHASE" and event.phase.endswith("-evergreen")
    ]
    return phases[0] if phases else None
