"""What of Kill Bill's invoices is for the books, and what only moves credit."""

from decimal import Decimal

CREDIT = "CBA_ADJ"
COMMITTED, VOID = "COMMITTED", "VOID"


def find_charged(invoice):
    """Return the lines that are owed or given back; a trial of 0 is neither.

    :param Invoice invoice: with its lines
    :rtype: list[Item]
    """
    return [item for item in invoice.items if item.kind != CREDIT and item.amount]


def sum_charged(invoice):
    """Return what an invoice asks for, before any credit.

    :rtype: Decimal
    """
    return _sum(find_charged(invoice))


def sum_credit(invoice):
    """Return what credit an invoice leaves to its account; less than 0: what it took.

    :rtype: Decimal
    """
    return _sum(item for item in invoice.items if item.kind == CREDIT)


def sum_paid(invoice):
    """Return what was paid for an invoice that is not written off.

    :rtype: Decimal
    """
    return sum_charged(invoice) + sum_credit(invoice) - invoice.balance


def sum_owed(invoices):
    """Return what an account owes; less than 0: what credit it has.

    :param invoices: all of the account
    :rtype: Decimal
    """
    return sum(
        (one.balance - sum_credit(one) for one in invoices if one.status == COMMITTED),
        Decimal(0),
    )


def _sum(items):
    return sum((item.amount for item in items), Decimal(0))
