"""What of a real Kill Bill's invoices is for the books."""

from decimal import Decimal

import pytest
from killbill import books
from killbill.errors import Refused
from killbill.subscriptions import NOW


@pytest.fixture
def look(kb, account):
    """Return all that the account has; what it owes is what Kill Bill says."""

    def read():
        ledger = kb.accounts.ledger(account.id)
        assert books.sum_owed(ledger.invoices) == kb.accounts.get(account.id).balance
        return ledger

    return read


def test_what_is_owed_and_paid_is_read_from_the_invoice(kb, owed, look):
    [invoice] = look().invoices
    assert books.sum_charged(invoice) == Decimal("10.00")
    assert books.sum_paid(invoice) == 0
    paid = kb.invoices.record_payment(owed, f"part-{owed.id}", Decimal("4.10"))
    [invoice] = look().invoices
    assert books.sum_paid(invoice) == Decimal("4.10")
    kb.invoices.record_refund(paid.id, f"back-{owed.id}", Decimal("4.10"))
    [invoice] = look().invoices
    assert books.sum_paid(invoice) == 0


def test_a_trial_is_nothing_for_the_books(subscribe, look):
    subscribe(trial=True)
    assert [books.find_charged(one) for one in look().invoices] == [[]]


def test_credit_is_left_by_one_invoice_and_taken_by_the_next(kb, owed, subscribe, look):
    kb.invoices.record_payment(owed, f"paid-{owed.id}", owed.balance)
    [subscription] = look().subscriptions
    kb.subscriptions.cancel(subscription.id, policy=NOW)
    _, unused = sorted(look().invoices, key=lambda one: int(one.number))
    assert books.sum_charged(unused) == Decimal("-10.00")
    assert books.sum_credit(unused) == Decimal("10.00")
    subscribe("professional-monthly")
    [*_, latest] = sorted(look().invoices, key=lambda one: int(one.number))
    assert books.sum_charged(latest) == Decimal("30.00")
    assert books.sum_credit(latest) == Decimal("-10.00")
    assert books.sum_paid(latest) == 0
    assert latest.balance == Decimal("20.00")


def test_what_is_written_off_is_known_by_its_id(kb, owed, look):
    assert look().written_off == set()
    kb.invoices.write_off(owed.id)
    assert look().written_off == {owed.id}


def test_an_invoice_that_owes_nothing_takes_no_payment(kb, owed):
    kb.invoices.record_payment(owed, f"all-{owed.id}", owed.balance)
    with pytest.raises(Refused, match="owes nothing"):
        kb.invoices.record_payment(owed, f"more-{owed.id}", Decimal("1.00"))
