"""What subscriptions bring in a month, by what a real Kill Bill bills for them."""

from datetime import date
from decimal import Decimal

import pytest
from killbill.records import Invoice, Item, Ledger, Subscription
from killbill.revenue import Stretch, find_stretches

STARTER, PROFESSIONAL = Decimal("10.00"), Decimal("30.00")


@pytest.fixture
def look(kb, account):
    """Return what a subscription brings in as Kill Bill has it now: plan, price."""

    def look(subscription):
        found = find_stretches(
            kb.subscriptions.get(subscription.id), kb.accounts.ledger(account.id)
        )
        return [(one.plan, one.monthly, one.end is None) for one in found]

    return look


@pytest.fixture
def pay(kb, account):
    """Pay all that the account owes."""

    def pay():
        for invoice in kb.accounts.invoices(account.id):
            if invoice.balance > 0:
                kb.invoices.record_payment(invoice, f"p-{invoice.id}", invoice.balance)

    return pay


def test_a_trial_brings_in_nothing_until_it_is_paid(kb, subscribe, look, pay):
    started = subscribe(trial=True)
    assert look(started) == []
    kb.clock.advance(15)
    assert look(started) == []
    pay()
    assert look(started) == [("starter-monthly", STARTER, True)]


def test_a_larger_plan_is_another_stretch_from_its_first_day(
    kb, subscribe, look, pay
):
    started = subscribe()
    pay()
    kb.clock.advance(10)
    kb.subscriptions.change_plan(started.id, "professional-monthly")
    assert look(started) == [
        ("starter-monthly", STARTER, False),
        ("professional-monthly", PROFESSIONAL, True),
    ]


def test_what_ended_brings_in_nothing_from_then_on(kb, subscribe, look, pay):
    started = subscribe()
    pay()
    kb.clock.advance(40)
    pay()
    kb.subscriptions.cancel(started.id, policy="IMMEDIATE")
    assert look(started) == [("starter-monthly", STARTER, False)]


# === LINES === #


def bill(number, *items, paid=True):
    total = sum(item.amount for item in items)
    return Invoice(
        id=f"invoice-{number}",
        number=str(number),
        account_id="a",
        currency="USD",
        status="COMMITTED",
        on=date(2026, 1, 1),
        target=None,
        amount=total,
        balance=Decimal(0) if paid else total,
        credit=Decimal(0),
        refunded=Decimal(0),
        items=items,
    )


def line(start, rate, plan="starter-monthly"):
    return Item(
        id=f"{start}-{rate}",
        kind="RECURRING",
        amount=Decimal(rate),
        rate=Decimal(rate),
        subscription_id="s",
        plan=plan,
        start=start,
        end=None,
        linked_id=None,
        description="",
    )


def subscription(cancelled=None):
    return Subscription(
        id="s",
        key="s",
        bundle_id="b",
        bundle_key="b",
        account_id="a",
        plan="starter-monthly",
        phase="EVERGREEN",
        state="CANCELLED" if cancelled else "ACTIVE",
        start=date(2026, 1, 1),
        charged_through=None,
        cancelled=cancelled,
        billing_end=cancelled,
    )


def test_months_at_one_price_are_one_stretch():
    invoices = (
        bill(1, line(date(2026, 1, 1), "10")),
        bill(2, line(date(2026, 2, 1), "10")),
        bill(3, line(date(2026, 3, 1), "12")),
    )
    first, second = find_stretches(subscription(), Ledger(invoices=invoices))
    assert (first.start, first.end) == (date(2026, 1, 1), date(2026, 3, 1))
    assert (second.monthly, second.end) == (Decimal("12.00"), None)


def test_a_year_is_a_twelfth_a_month():
    invoices = (bill(1, line(date(2026, 1, 1), "100", "starter-annual")),)
    [found] = find_stretches(subscription(), Ledger(invoices=invoices))
    assert found.monthly == Decimal("8.33")


def test_of_two_lines_of_a_day_the_later_one_counts():
    day = date(2026, 1, 1)
    invoices = (
        bill(10, line(day, "30", "professional-monthly")),
        bill(9, line(day, "10")),
    )
    [found] = find_stretches(subscription(), Ledger(invoices=invoices))
    assert found.plan == "professional-monthly"


def test_what_was_billed_past_the_end_does_not_count():
    invoices = (
        bill(1, line(date(2026, 1, 1), "10")),
        bill(2, line(date(2026, 2, 1), "12")),
    )
    end = date(2026, 2, 1)
    found = find_stretches(subscription(cancelled=end), Ledger(invoices=invoices))
    assert found == [
        Stretch(
            plan="starter-monthly",
            start=date(2026, 1, 1),
            end=end,
            monthly=Decimal("10.00"),
        )
    ]


def test_what_ended_on_its_first_day_brought_in_nothing():
    first = date(2026, 1, 1)
    invoices = (bill(1, line(first, "10")),)
    found = find_stretches(subscription(cancelled=first), Ledger(invoices=invoices))
    assert found == []


def test_whoever_never_paid_brings_in_nothing():
    unpaid = bill(1, line(date(2026, 1, 1), "10"), paid=False)
    assert find_stretches(subscription(), Ledger(invoices=(unpaid,))) == []


def test_a_bill_that_was_written_off_is_not_paid():
    invoice = bill(1, line(date(2026, 1, 1), "10"))
    ledger = Ledger(invoices=(invoice,), written_off=frozenset({invoice.id}))
    assert find_stretches(subscription(), ledger) == []
