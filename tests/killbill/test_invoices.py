"""Money for invoices, on a real Kill Bill."""

from decimal import Decimal

import pytest
from killbill.books import find_charged
from killbill.errors import Refused


def test_a_payment_is_told_once_for_a_key(kb, owed):
    for _ in range(2):
        paid = kb.invoices.record_payment(owed, f"part-{owed.id}", Decimal("4.10"))
        assert paid.paid == Decimal("4.10")
    assert kb.invoices.get(owed.id).balance == Decimal("5.90")
    kb.invoices.record_payment(owed, f"rest-{owed.id}", Decimal("5.90"))
    assert kb.invoices.get(owed.id).balance == 0


def test_more_than_is_owed_is_refused(kb, owed):
    with pytest.raises(Refused, match="10.00") as refusal:
        kb.invoices.record_payment(owed, f"much-{owed.id}", Decimal("10.01"))
    assert refusal.value.code == 7199
    assert kb.invoices.payments(owed.id) == []


def test_a_payment_that_failed_is_told_and_changes_nothing(kb, owed):
    failed = kb.invoices.record_failure(owed, f"fail-{owed.id}")
    assert failed.paid == 0
    assert [move.status for move in failed.transactions] == ["PAYMENT_FAILURE"]
    assert kb.invoices.get(owed.id).balance == Decimal("10.00")


def test_a_refund_is_told_once_for_a_key_and_is_owed_again(kb, account, owed):
    paid = kb.invoices.record_payment(owed, f"paid-{owed.id}", owed.balance)
    for _ in range(2):
        kb.invoices.record_refund(paid.id, f"back-{owed.id}", Decimal("4.00"))
    assert kb.invoices.get(owed.id).balance == Decimal("4.00")
    moves = [m for p in kb.accounts.payments(account.id) for m in p.transactions]
    assert sorted((move.kind, move.amount) for move in moves) == [
        ("CREDIT", Decimal("4.00")),
        ("PURCHASE", Decimal("10.00")),
    ]


def test_credit_is_given_once_for_a_key(kb, account):
    for _ in range(2):
        kb.accounts.give_credit(
            account.id, f"gift-{account.id}", Decimal("3.50"), "USD"
        )
    assert kb.accounts.get(account.id).balance == Decimal("-3.50")
    [invoice] = kb.accounts.invoices(account.id)
    [gift] = find_charged(invoice)
    assert (gift.kind, gift.amount) == ("CREDIT_ADJ", Decimal("-3.50"))
    assert gift.description == f"gift-{account.id}"


def test_what_is_written_off_is_asked_for_no_more(kb, account, owed):
    kb.invoices.write_off(owed.id)
    assert kb.invoices.get(owed.id).balance == 0
    assert kb.accounts.get(account.id).balance == 0


def test_what_is_void_is_no_longer_owed(kb, owed):
    kb.invoices.void(owed.id)
    void = kb.invoices.get(owed.id)
    assert (void.status, void.balance) == ("VOID", 0)


def test_an_invoice_can_be_read_by_people(kb, owed):
    assert "<html" in kb.invoices.html(owed.id).lower()
