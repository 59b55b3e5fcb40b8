"""Who is to be told that a new price is to be paid, and who is not."""

from datetime import timedelta
from decimal import Decimal

import pytest
from killbill.prices import is_outdated
from killbill.subscriptions import AT_TERM

OLD, NEW = Decimal("10.00"), Decimal("12.00")
DAY = timedelta(days=1)


@pytest.fixture
def look(kb, account):
    """Tell whether a subscription is to pay a price from a day on."""

    def look(subscription, price, since):
        known = kb.subscriptions.get(subscription.id)
        return is_outdated(known, kb.accounts.invoices(account.id), price, since)

    return look


def test_who_pays_an_older_price_is_told_for_the_next_term(kb, subscribe, look):
    old = subscribe()
    term = old.charged_through
    assert look(old, NEW, term) and look(old, NEW, term - DAY)
    assert not look(old, OLD, term)
    assert not look(old, NEW, term + DAY)


def test_who_was_told_is_not_told_again(kb, subscribe, look):
    old = subscribe()
    kb.subscriptions.change_plan(old.id, old.plan, policy=AT_TERM)
    assert not look(old, NEW, old.charged_through)


def test_who_leaves_or_changes_anyway_is_not_told(kb, subscribe, look):
    leaving, changing = subscribe(), subscribe("professional-monthly")
    kb.subscriptions.cancel(leaving.id)
    kb.subscriptions.change_plan(changing.id, "starter-monthly")
    assert not look(leaving, NEW, leaving.charged_through)
    assert not look(changing, NEW, changing.charged_through)


def test_a_trial_pays_no_price_yet(subscribe, look):
    trial = subscribe(trial=True)
    assert not look(trial, NEW, trial.start)
