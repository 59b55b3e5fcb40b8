"""How a subscription stands, by what a real Kill Bill says day after day."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest
from killbill.records import Invoice, Item
from killbill.standing import find_standing, owners_of, share_of


@pytest.fixture
def stand(kb, account):
    """Look how a subscription stands now."""

    def look(subscription):
        return find_standing(
            kb.subscriptions.get(subscription.id),
            kb.accounts.invoices(account.id),
            suspend_after=14,
            overdue_after=3,
            today=datetime.fromisoformat(kb.clock.now()).date(),
        )

    return look


def test_a_trial_that_is_not_paid_is_overdue_and_suspended_in_time(
    kb, account, subscribe, stand
):
    started = subscribe(trial=True)
    in_trial = stand(started)
    assert (in_trial.status, in_trial.due, in_trial.paid_until) == ("trial", 0, None)
    kb.clock.advance(15)
    seen = [stand(started).status]
    for days in (3, 11):
        kb.clock.advance(days)
        seen.append(stand(started).status)
    assert seen == ["payment_required", "overdue", "suspended"]
    late = stand(started)
    assert (late.due, late.owed_since) == (Decimal("10.00"), in_trial.trial_end)

    invoice = max(kb.accounts.invoices(account.id), key=lambda each: each.balance)
    kb.invoices.record_payment(invoice, f"at-last-{invoice.id}", invoice.balance)
    paid = stand(started)
    assert (paid.status, paid.due, paid.owed_since) == ("paid", 0, None)
    assert paid.paid_until == kb.subscriptions.get(started.id).charged_through


def test_what_is_not_billed_yet_is_not_paid(kb, subscribe):
    started = kb.subscriptions.get(subscribe().id)
    assert started.charged_through
    days = {"suspend_after": 14, "overdue_after": 3, "today": started.start}
    assert find_standing(started, [], **days).status == "paid"
    at_first = replace(started, charged_through=None)
    assert find_standing(at_first, [], **days).status == "payment_required"
    ended = replace(at_first, state="CANCELLED")
    assert find_standing(ended, [], **days).status == "paid"


def test_one_of_two_that_is_not_paid_leaves_the_other_alone(
    kb, account, subscribe, stand
):
    unpaid, paid = subscribe(), subscribe("professional-monthly")
    invoices = kb.accounts.invoices(account.id)
    [mine] = [i for i in invoices if i.items[0].subscription_id == paid.id]
    kb.invoices.record_payment(mine, f"paid-{mine.id}", mine.balance)
    kb.clock.advance(15)
    assert kb.accounts.overdue_state(account.id) == "SUSPENDED"
    assert (stand(unpaid).status, stand(paid).status) == ("suspended", "paid")


def test_a_smaller_plan_is_seen_before_it_comes(kb, subscribe, stand):
    started = subscribe("professional-monthly")
    kb.subscriptions.change_plan(started.id, "starter-monthly")
    seen = stand(started)
    assert (seen.plan, seen.pending_plan) == ("professional-monthly", "starter-monthly")


def test_an_end_is_seen_before_it_comes_and_when_it_has_come(kb, subscribe, stand):
    started = subscribe()
    kb.subscriptions.cancel(started.id)
    assert stand(started).cancel_at == started.charged_through
    kb.subscriptions.cancel(started.id, policy="IMMEDIATE")
    ended = stand(started)
    assert ended.ended_at and not ended.cancel_at


# === SHARES === #


def item(number, amount, subscription=None, linked=None):
    return Item(
        id=str(number),
        kind="RECURRING",
        amount=Decimal(amount),
        rate=Decimal(amount),
        subscription_id=subscription,
        plan="",
        start=None,
        end=None,
        linked_id=linked and str(linked),
        description="",
    )


def invoice(balance, *items):
    return Invoice(
        id="i",
        number="1",
        account_id="a",
        currency="USD",
        status="COMMITTED",
        on=date(2027, 1, 1),
        target=None,
        amount=sum(each.amount for each in items),
        balance=Decimal(balance),
        credit=Decimal(0),
        refunded=Decimal(0),
        items=items,
    )


class Named:
    """A subscription that has nothing but its id."""

    def __init__(self, name):
        self.id = name


@pytest.mark.parametrize(
    ("owing", "shares"),
    [
        (invoice("10", item(1, "10", "a")), {"a": "10", "b": "0"}),
        # To the cent, whatever is rounded
        (
            invoice("10", item(1, "5", "a"), item(2, "5", "b"), item(3, "5", "c")),
            {"a": "3.33", "b": "3.33", "c": "3.34"},
        ),
        # What mends a line is of the same subscription
        (
            invoice("10", item(1, "30", "a"), item(2, "-20", linked=1)),
            {"a": "10", "b": "0"},
        ),
        # Who was given back owes nothing; credit of the account counts for all
        (
            invoice("10", item(1, "20", "a"), item(2, "-5", "b"), item(3, "-5")),
            {"a": "10", "b": "0"},
        ),
        (invoice("10", item(1, "10")), {"a": "0"}),
    ],
)
def test_each_owes_its_share_of_an_invoice(owing, shares):
    owners = owners_of([owing])
    found = {name: share_of(Named(name), owing, owners) for name in shares}
    assert found == {name: Decimal(share) for name, share in shares.items()}
