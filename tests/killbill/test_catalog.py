"""What would be published, before Kill Bill sees it."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from conftest import BEGINNING, plans
from killbill.catalog import Catalog, InvalidCatalog, check, differences, parse

SOLD = Catalog(since=BEGINNING, plans=plans())
LATER = datetime(2026, 2, 1)


def first(**changes):
    """Return what is sold with the first plan changed, from later on."""
    changed = replace(SOLD.plans[0], **changes)
    return Catalog(since=LATER, plans=(changed, *SOLD.plans[1:]))


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Catalog(since=LATER), "No plan is on sale"),
        (replace(SOLD, plans=SOLD.plans * 2, since=LATER), "the same name"),
        (first(period="WEEKLY"), "no period WEEKLY"),
        (first(prices={}), "no price"),
        (first(product="no name"), "“no name” is no name"),
        (first(prices={"USD": Decimal(-1)}), "below 0"),
        (first(trial_days=-1), "below 0 days"),
        (first(trial_days=0), "make another plan"),
        (SOLD, "not after"),
        (Catalog(since=LATER, plans=SOLD.plans[1:]), "vanish: starter-monthly"),
    ],
)
def test_what_kill_bill_would_refuse_in_silence_is_told(wanted, words):
    with pytest.raises(InvalidCatalog, match=words):
        check(wanted, SOLD)


def test_differences_are_told_in_words():
    prices = {"USD": Decimal("12.00")}
    changed = first(prices=prices, trial_days=30, on_sale=False)
    assert differences(changed, SOLD) == [
        "starter-monthly: 10.00 → none EUR",
        "starter-monthly: 10.00 → 12.00 USD",
        "starter-monthly: trial 14 → 30 days",
        "starter-monthly: no longer sold",
    ]
    assert differences(SOLD, None)[0] == "starter-monthly: new"
    assert differences(replace(SOLD, plans=()), SOLD)[0] == "professional-annual: gone"


def test_a_catalog_of_somebody_else_is_none_of_ours():
    assert parse("") is None
    other = "<version><catalogName>Other</catalogName></version>"
    assert parse(f"<catalogs><versions>{other}</versions></catalogs>") is None
