"""Overdue: after how many unpaid days an account is in which state, as XML and back."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class OverdueState:
    """A state of an account that owes.

    What is done in it, Odoo does, for each instance of its own: Kill Bill never blocks
    a change, as one unpaid instance would block those that are paid.

    :param str name: such as WARNING
    :param int days: since the earliest unpaid invoice
    """

    name: str
    days: int


def render(states):
    """Return states as Kill Bill reads them: the first match wins.

    :param states: OverdueState, in any order
    :rtype: str
    """
    root = ET.Element("overdueConfig")
    account = ET.SubElement(root, "accountOverdueStates")
    _add_days(account, "initialReevaluationInterval", 1)
    for state in sorted(states, key=lambda state: -state.days):
        element = ET.SubElement(account, "state", name=state.name)
        condition = ET.SubElement(element, "condition")
        _add_days(
            condition, "timeSinceEarliestUnpaidInvoiceEqualsOrExceeds", state.days
        )
        ET.SubElement(element, "externalMessage").text = state.name
        ET.SubElement(element, "blockChanges").text = "false"
        ET.SubElement(element, "disableEntitlementAndChangesBlocked").text = "false"
        _add_days(element, "autoReevaluationInterval", 1)
    ET.indent(root)
    return ET.tostring(root, "unicode")


def parse(text):
    """Read states as Kill Bill gives them back, the earliest first.

    :param str text: XML; empty for none
    :rtype: list[OverdueState]
    """
    if not text:
        return []
    path = "condition/timeSinceEarliestUnpaidInvoiceEqualsOrExceeds/number"
    found = [
        OverdueState(name=state.get("name"), days=int(state.findtext(path)))
        for state in ET.fromstring(text).iter("state")
        if state.findtext(path)  # all but the one in which nothing is owed
    ]
    return sorted(found, key=lambda state: state.days)


def _add_days(parent, name, days):
    element = ET.SubElement(parent, name)
    ET.SubElement(element, "unit").text = "DAYS"
    ET.SubElement(element, "number").text = str(days)


def differences(wanted, before):
    """Tell in words what publishing would change.

    :param wanted: OverdueState, in any order
    :param before: those that are published
    :rtype: list[str]
    """
    names, known = ({state.name for state in each} for each in (wanted, before))
    days = {state.name: state.days for state in before}
    said = [f"overdue {name}: new" for name in sorted(names - known)]
    said += [
        f"overdue {state.name}: {days[state.name]} → {state.days} days"
        for state in wanted
        if state.name in known and days[state.name] != state.days
    ]
    return said + [f"overdue {name}: gone" for name in sorted(known - names)]
