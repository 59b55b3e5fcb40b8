"""The catalog: plans as Kill Bill bills them, as XML and back.

Kill Bill keeps every version that it was ever given, each from its date on; a
subscription stays with the prices of the version that it began with until its plan
changes.
"""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import permutations

from .subscriptions import AT_TERM, NOW

NAME = "SaaSOdoo"
MONTHLY, ANNUAL = "MONTHLY", "ANNUAL"
# How many each of the periods has
MONTHS = {MONTHLY: 1, ANNUAL: 12}
# What may be the id of an element of XML
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def plan_name(product, period):
    """Return what Kill Bill calls a plan, such as starter-monthly."""
    return f"{product}-{period.lower()}"


def months_of(name):
    """Return how many months are paid at once in a plan that Kill Bill calls so."""
    return MONTHS[name.rpartition("-")[2].upper()]


def product_of(name):
    """Return the product of a plan that Kill Bill calls so."""
    return name.rpartition("-")[0]


@dataclass(frozen=True, kw_only=True)
class CatalogPlan:
    """A plan as it is sold.

    :param str product: code of Odoo's plan
    :param str period: MONTHLY or ANNUAL
    :param dict prices: net amounts by currency
    :param int trial_days: 0 for none
    :param int rank: a change to a higher one is an upgrade
    :param bool on_sale: else only who has it keeps it
    """

    product: str
    period: str
    prices: dict
    trial_days: int = 0
    rank: int = 0
    on_sale: bool = True

    @property
    def name(self):
        """What Kill Bill calls it, such as starter-monthly."""
        return plan_name(self.product, self.period)


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """All plans, from a date on.

    :param datetime since: in UTC; not later than Kill Bill's clock, not one used before
    :param tuple plans: of CatalogPlan
    """

    since: datetime
    plans: tuple = field(default=())


class InvalidCatalog(Exception):
    """Kill Bill would refuse it, or bill what nobody meant."""


def check(catalog, before=None):
    """Refuse what Kill Bill would refuse with a bare code, or not at all.

    :param Catalog before: what is published
    :raise InvalidCatalog: with what is wrong, in words
    """
    names = [plan.name for plan in catalog.plans]
    if not any(plan.on_sale for plan in catalog.plans):
        raise InvalidCatalog("No plan is on sale.")
    if len(set(names)) < len(names):
        raise InvalidCatalog("Two plans have the same name.")
    for plan in catalog.plans:
        _check_plan(plan)
    if before:
        _check_against(catalog, before)


def _check_plan(plan):
    if not _NAME.fullmatch(plan.product):
        raise InvalidCatalog(f"“{plan.product}” is no name that Kill Bill takes.")
    if plan.period not in MONTHS:
        raise InvalidCatalog(f"{plan.name}: there is no period {plan.period}.")
    if not plan.prices:
        raise InvalidCatalog(f"{plan.name} has no price.")
    if any(price < 0 for price in plan.prices.values()):
        raise InvalidCatalog(f"{plan.name} has a price below 0.")
    if plan.trial_days < 0:
        raise InvalidCatalog(f"{plan.name} has a trial below 0 days.")


def _check_against(catalog, before):
    if catalog.since <= before.since:
        raise InvalidCatalog("Its date is not after that of what is published.")
    missing = {plan.name for plan in before.plans} - {p.name for p in catalog.plans}
    if missing:
        raise InvalidCatalog(f"Plans cannot vanish: {', '.join(sorted(missing))}.")
    trials = {plan.name: bool(plan.trial_days) for plan in before.plans}
    for plan in catalog.plans:
        if trials.get(plan.name, bool(plan.trial_days)) != bool(plan.trial_days):
            raise InvalidCatalog(
                f"{plan.name}: Kill Bill keeps whether a plan has a trial; "
                "make another plan."
            )


def differences(catalog, before):
    """Tell in words what publishing would change.

    :param Catalog before: what is published, None for nothing
    :rtype: list[str]
    """
    old = {plan.name: plan for plan in before.plans} if before else {}
    said = []
    for plan in catalog.plans:
        known = old.get(plan.name)
        said += _changes(plan, known) if known else [f"{plan.name}: new"]
    gone = old.keys() - {plan.name for plan in catalog.plans}
    return said + [f"{name}: gone" for name in sorted(gone)]


def _changes(plan, before):
    said = []
    for currency in sorted({*plan.prices, *before.prices}):
        old, new = before.prices.get(currency), plan.prices.get(currency)
        if old != new:
            said.append(f"{plan.name}: {_or_none(old)} → {_or_none(new)} {currency}")
    if plan.trial_days != before.trial_days:
        days = f"{before.trial_days} → {plan.trial_days}"
        said.append(f"{plan.name}: trial {days} days")
    if plan.on_sale != before.on_sale:
        said.append(f"{plan.name}: {'on sale' if plan.on_sale else 'no longer sold'}")
    return said


def _or_none(price):
    return "none" if price is None else price


# === XML === #


def render(catalog):
    """Return a catalog as Kill Bill reads it: the order of elements is part of it.

    :rtype: str
    """
    root = ET.Element("catalog")
    _add(root, "effectiveDate", _moment(catalog.since))
    _add(root, "catalogName", NAME)
    _add(root, "recurringBillingMode", "IN_ADVANCE")
    currencies = _add(root, "currencies")
    for currency in sorted({each for plan in catalog.plans for each in plan.prices}):
        _add(currencies, "currency", currency)
    products = _add(root, "products")
    for product in _ranks(catalog):
        element = _add(products, "product")
        element.set("name", product)
        _add(element, "category", "BASE")
    _add_rules(root, catalog)
    plans = _add(root, "plans")
    for plan in catalog.plans:
        _add_plan(plans, plan)
    lists = _add(root, "priceLists")
    retired = [plan for plan in catalog.plans if not plan.on_sale]
    sold = [plan for plan in catalog.plans if plan.on_sale]
    _add_price_list(lists, "defaultPriceList", "DEFAULT", sold)
    if retired:  # Kill Bill wants each plan in one.
        _add_price_list(lists, "childPriceList", "RETIRED", retired)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode")


def _add_rules(root, catalog):
    """An upgrade is at once and paid for; all else waits for the end of the term."""
    rules = _add(root, "rules")
    changes = _add(rules, "changePolicy")
    trial = _add(changes, "changePolicyCase")
    _add(trial, "phaseType", "TRIAL")
    _add(trial, "policy", NOW)
    ranks = _ranks(catalog)
    for lower, higher in permutations(ranks, 2):
        if ranks[lower] < ranks[higher]:
            case = _add(changes, "changePolicyCase")
            _add(case, "fromProduct", lower)
            _add(case, "toProduct", higher)
            _add(case, "policy", NOW)
    _add(_add(changes, "changePolicyCase"), "policy", AT_TERM)
    cancels = _add(rules, "cancelPolicy")
    _add(_add(cancels, "cancelPolicyCase"), "policy", AT_TERM)
    billing = _add(rules, "billingAlignment")
    _add(_add(billing, "billingAlignmentCase"), "alignment", "SUBSCRIPTION")


def _add_plan(plans, plan):
    element = _add(plans, "plan")
    element.set("name", plan.name)
    _add(element, "product", plan.product)
    if plan.trial_days:
        phase = _add(_add(element, "initialPhases"), "phase")
        phase.set("type", "TRIAL")
        duration = _add(phase, "duration")
        _add(duration, "unit", "DAYS")
        _add(duration, "number", str(plan.trial_days))
        free = _add(_add(phase, "fixed"), "fixedPrice")
        _add_prices(free, dict.fromkeys(plan.prices, Decimal(0)))
    final = _add(element, "finalPhase")
    final.set("type", "EVERGREEN")
    _add(_add(final, "duration"), "unit", "UNLIMITED")
    recurring = _add(final, "recurring")
    _add(recurring, "billingPeriod", plan.period)
    _add_prices(_add(recurring, "recurringPrice"), plan.prices)


def _add_price_list(lists, kind, name, plans):
    element = _add(lists, kind)
    element.set("name", name)
    names = _add(element, "plans")
    for plan in plans:
        _add(names, "plan", plan.name)


def _add_prices(element, prices):
    for currency, value in sorted(prices.items()):
        price = _add(element, "price")
        _add(price, "currency", currency)
        _add(price, "value", str(value))


def _ranks(catalog):
    return {plan.product: plan.rank for plan in catalog.plans}


def _add(parent, name, text=None):
    element = ET.SubElement(parent, name)
    element.text = text
    return element


def _moment(moment):
    return f"{moment:%Y-%m-%dT%H:%M:%S}+00:00"


def parse(text):
    """Read a catalog of ours as Kill Bill gives it back; ranks are not part of it.

    :param str text: XML; empty for none
    :rtype: Catalog|None
    """
    if not text:
        return None
    versions = [
        version
        for version in ET.fromstring(text).iter("version")
        if version.findtext("catalogName") == NAME
    ]
    if not versions:
        return None
    version = max(versions, key=_since)
    sold = {
        plan.text for plan in version.iterfind("priceLists/defaultPriceList/plans/plan")
    }
    plans = (_read_plan(each, sold) for each in version.iterfind("plans/plan"))
    return Catalog(since=_since(version), plans=tuple(plans))


def _since(version):
    moment = datetime.fromisoformat(version.findtext("effectiveDate"))
    return moment.replace(tzinfo=None)


def _read_plan(element, sold):
    recurring = element.find("finalPhase/recurring")
    prices = {
        price.findtext("currency"): Decimal(price.findtext("value"))
        for price in recurring.iterfind("recurringPrice/price")
    }
    return CatalogPlan(
        product=element.findtext("product"),
        period=recurring.findtext("billingPeriod"),
        prices=prices,
        trial_days=int(element.findtext("initialPhases/phase/duration/number") or 0),
        on_sale=element.get("name") in sold,
    )
