"""Subscriptions on a real Kill Bill."""

from datetime import timedelta
from decimal import Decimal

import pytest
from killbill.errors import Refused
from killbill.subscriptions import AT_TERM, NOW


def test_a_trial_costs_nothing_and_ends_by_itself(kb, account, subscribe):
    started = subscribe(trial=True)
    assert (started.state, started.phase) == ("ACTIVE", "TRIAL")
    assert [invoice.amount for invoice in kb.accounts.invoices(account.id)] == [0]
    kb.clock.advance(15)
    assert kb.subscriptions.get(started.id).phase == "EVERGREEN"
    [_, invoice] = kb.accounts.invoices(account.id)
    assert (invoice.amount, invoice.balance) == (Decimal("10.00"), Decimal("10.00"))
    [item] = invoice.items
    assert (item.kind, item.plan) == ("RECURRING", "starter-monthly")
    assert item.start == started.start + timedelta(days=14)


def test_a_subscription_is_made_once_for_a_key(kb, account, subscribe):
    first = subscribe(key="once-" + account.id[:8])
    assert subscribe(key="once-" + account.id[:8]) == first
    assert [each.id for each in kb.accounts.subscriptions(account.id)] == [first.id]


def test_an_unknown_plan_is_refused(subscribe):
    with pytest.raises(Refused, match="nosuch-monthly"):
        subscribe("nosuch-monthly")


def test_an_upgrade_costs_what_was_shown_before(kb, account, subscribe):
    started = subscribe()
    kb.clock.advance(10)
    shown = kb.subscriptions.preview_change(started, "professional", "MONTHLY")
    changed = kb.subscriptions.change_plan(started.id, "professional-monthly")
    assert changed.plan == "professional-monthly"
    kb.clock.settle()
    invoice = max(kb.accounts.invoices(account.id), key=lambda each: int(each.number))
    assert invoice.amount == shown.amount > 0
    assert sorted(i.kind for i in invoice.items) == ["RECURRING", "REPAIR_ADJ"]


def test_a_downgrade_waits_for_the_end_of_the_term_and_can_be_undone(kb, subscribe):
    started = subscribe("professional-monthly")
    waiting = kb.subscriptions.change_plan(started.id, "starter-monthly")
    assert waiting.plan == "professional-monthly"
    to_come = waiting.events[-1]
    assert (to_come.kind, to_come.plan) == ("CHANGE", "starter-monthly")
    assert to_come.on == started.charged_through
    for _ in range(2):
        undone = kb.subscriptions.undo_change(started.id)
        assert undone.events == started.events
    kb.subscriptions.change_plan(started.id, "starter-monthly")
    kb.clock.advance(32)
    assert kb.subscriptions.get(started.id).plan == "starter-monthly"


def test_an_end_at_term_can_be_undone_until_it_comes(kb, subscribe):
    started = subscribe()
    for _ in range(2):
        ending = kb.subscriptions.cancel(started.id, policy=AT_TERM)
        assert (ending.state, ending.cancelled) == ("ACTIVE", started.charged_through)
    for _ in range(2):
        assert kb.subscriptions.undo_cancel(started.id).cancelled is None
    kb.subscriptions.cancel(started.id)
    kb.clock.advance(32)
    assert kb.subscriptions.get(started.id).state == "CANCELLED"
    with pytest.raises(Refused):
        kb.subscriptions.undo_cancel(started.id)


def test_an_end_now_gives_the_rest_back_and_another_one_follows(kb, account, subscribe):
    started = subscribe()
    [invoice] = kb.accounts.invoices(account.id)
    kb.invoices.record_payment(invoice, f"paid-{invoice.id}", invoice.balance)
    for _ in range(2):
        assert kb.subscriptions.cancel(started.id, policy=NOW).state == "CANCELLED"
    assert kb.accounts.get(account.id).credit == Decimal("10.00")
    again = kb.subscriptions.ensure(
        account.id, started.key + "-2", started.bundle_key, started.plan, trial=False
    )
    assert (again.state, again.phase) == ("ACTIVE", "EVERGREEN")
    assert kb.accounts.get(account.id).credit == 0


def test_fields_say_which_instance_it_is_of(kb, subscribe):
    started = subscribe()
    kb.subscriptions.set_fields(started.id, target_instance_id="a")
    kb.subscriptions.set_fields(started.id, target_instance_id="b", reactivation="1")
    wanted = {"target_instance_id": "b", "reactivation": "1"}
    assert kb.subscriptions.get_fields(started.id) == wanted


def test_what_comes_next_is_shown(kb, account, subscribe):
    started = subscribe()
    coming = kb.subscriptions.preview_next(account.id)
    assert (coming.amount, coming.number) == (Decimal("10.00"), "")
    assert coming.target == started.charged_through
