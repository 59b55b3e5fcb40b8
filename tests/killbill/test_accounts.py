"""Accounts on a real Kill Bill."""

import secrets

import pytest
from conftest import NAME
from killbill.errors import NotFound


def test_an_account_is_made_once_for_a_key(kb):
    key = f"partner-{secrets.token_hex(6)}"
    made = kb.accounts.ensure(key, NAME, "EUR", email="a@acme.test", country="US")
    assert (made.key, made.name, made.currency) == (key, NAME, "EUR")
    assert (made.balance, made.credit) == (0, 0)
    assert kb.accounts.ensure(key, "Another name", "EUR") == made


def test_nobody_has_an_unknown_key(kb):
    with pytest.raises(NotFound):
        kb.accounts.find("nobody")


def test_a_name_is_changed_and_the_currency_stays(kb, account):
    kb.accounts.change(account.id, name="Acme & Sons")
    changed = kb.accounts.get(account.id)
    assert (changed.name, changed.currency) == ("Acme & Sons", "USD")


def test_all_accounts_are_told_page_by_page(kb, monkeypatch):
    monkeypatch.setattr("killbill.transport.PAGE", 2)
    made = {
        kb.accounts.ensure(f"page-{secrets.token_hex(6)}", str(n), "USD").id
        for n in range(5)
    }
    told = [each.id for each in kb.accounts.all()]
    assert made <= {*told}
    assert len({*told}) == len(told)


def test_an_account_that_does_not_pay_is_overdue_until_it_does(kb, account, owed):
    assert kb.accounts.overdue_state(account.id) == ""
    kb.clock.advance(4)
    assert kb.accounts.overdue_state(account.id) == "WARNING"
    kb.clock.advance(11)
    assert kb.accounts.overdue_state(account.id) == "SUSPENDED"
    kb.invoices.record_payment(owed, "late-" + owed.id, owed.balance)
    kb.clock.advance(1)
    assert kb.accounts.overdue_state(account.id) == ""
