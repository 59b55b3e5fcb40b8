"""What Kill Bill has, as typed records: the same for 0.22 and for 0.24.

0.22 tells dates where 0.24 tells date-times; both are kept as dates of UTC, in which
all our accounts are. Amounts are decimals, net of tax.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Self

CLEAR = "__KILLBILL__CLEAR__OVERDUE_STATE__"


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who pays."""

    id: str
    key: str
    name: str
    currency: str
    balance: Decimal
    credit: Decimal

    @classmethod
    def from_json(cls, found) -> Self:
        return cls(
            id=found["accountId"],
            key=found["externalKey"],
            name=found["name"] or "",
            currency=found["currency"],
            balance=amount(found.get("accountBalance")),
            credit=amount(found.get("accountCBA")),
        )


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """What is paid for.

    :param str state: PENDING, ACTIVE, BLOCKED, CANCELLED or EXPIRED
    :param str phase: TRIAL or EVERGREEN
    :param date charged_through: until when it has been billed
    :param date cancelled: when it ends, or ended; its state says which
    :param date billing_end: until when it is billed
    :param tuple events: of its life, those to come too
    """

    id: str
    key: str
    bundle_id: str
    bundle_key: str
    account_id: str
    plan: str
    phase: str
    state: str
    start: date
    charged_through: date | None
    cancelled: date | None
    billing_end: date | None
    events: tuple = ()

    @classmethod
    def from_json(cls, found) -> Self:
        return cls(
            id=found["subscriptionId"],
            key=found["externalKey"],
            bundle_id=found["bundleId"],
            bundle_key=found["bundleExternalKey"],
            account_id=found["accountId"],
            plan=found["planName"],
            phase=found["phaseType"],
            state=found["state"],
            start=day(found["startDate"]),
            charged_through=day(found["chargedThroughDate"]),
            cancelled=day(found["cancelledDate"]),
            billing_end=day(found["billingEndDate"]),
            events=tuple(Event.from_json(each) for each in found["events"] or ()),
        )


@dataclass(frozen=True, kw_only=True)
class Event:
    """A moment of a subscription's life.

    :param str kind: such as START_BILLING, PHASE, CHANGE, STOP_ENTITLEMENT
    """

    kind: str
    on: date
    plan: str
    phase: str

    @classmethod
    def from_json(cls, found) -> Self:
        return cls(
            kind=found["eventType"],
            on=day(found["effectiveDate"]),
            plan=found["plan"] or "",
            phase=found["phase"] or "",
        )


@dataclass(frozen=True, kw_only=True)
class Item:
    """A line of an invoice.

    :param str kind: such as RECURRING, FIXED, REPAIR_ADJ, CBA_ADJ, ITEM_ADJ
    :param Decimal rate: the price of a whole period, of recurring lines
    :param str linked_id: the line that it mends
    """

    id: str
    kind: str
    amount: Decimal
    rate: Decimal
    subscription_id: str | None
    plan: str
    start: date | None
    end: date | None
    linked_id: str | None
    description: str

    @classmethod
    def from_json(cls, found) -> Self:
        return cls(
            id=found["invoiceItemId"],
            kind=found["itemType"],
            amount=amount(found["amount"]),
            rate=amount(found["rate"]),
            subscription_id=found["subscriptionId"],
            plan=found["planName"] or "",
            start=day(found["startDate"]),
            end=day(found["endDate"]),
            linked_id=found["linkedInvoiceItemId"],
            description=found["description"] or "",
        )


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """What is asked for.

    :param str status: DRAFT, COMMITTED or VOID
    :param Decimal amount: all lines together
    :param Decimal balance: what is not paid yet
    """

    id: str
    number: str
    account_id: str
    currency: str
    status: str
    on: date
    target: date | None
    amount: Decimal
    balance: Decimal
    credit: Decimal
    refunded: Decimal
    items: tuple = ()

    @classmethod
    def from_json(cls, found) -> Self:
        return cls(
            id=found["invoiceId"],
            number=str(found["invoiceNumber"] or ""),  # none in a preview
            account_id=found["accountId"],
            currency=found["currency"],
            status=found["status"],
            on=day(found["invoiceDate"]),
            target=day(found["targetDate"]),
            amount=amount(found["amount"]),
            balance=amount(found["balance"]),
            credit=amount(found["creditAdj"]),
            refunded=amount(found["refundAdj"]),
            items=tuple(Item.from_json(each) for each in found["items"] or ()),
        )


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """All that there is of an account.

    :param frozenset written_off: ids of the invoices that are asked for no more
    """

    subscriptions: tuple = ()
    invoices: tuple = ()
    written_off: frozenset = frozenset()


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """One movement of a payment.

    :param str kind: PURCHASE, REFUND, CREDIT or CHARGEBACK
    :param str status: SUCCESS, PENDING, PAYMENT_FAILURE, PLUGIN_FAILURE or UNKNOWN
    """

    id: str
    key: str
    kind: str
    status: str
    amount: Decimal
    on: date

    @classmethod
    def from_json(cls, found) -> Self:
        return cls(
            id=found["transactionId"],
            key=found["transactionExternalKey"],
            kind=found["transactionType"],
            status=found["status"],
            amount=amount(found["amount"]),
            on=day(found["effectiveDate"]),
        )


@dataclass(frozen=True, kw_only=True)
class Payment:
    """Money for an invoice, with all that became of it."""

    id: str
    key: str
    account_id: str
    invoice_id: str | None
    currency: str
    paid: Decimal
    refunded: Decimal
    transactions: tuple = ()

    @classmethod
    def from_json(cls, found) -> Self:
        moves = (Transaction.from_json(each) for each in found["transactions"] or ())
        return cls(
            id=found["paymentId"],
            key=found["paymentExternalKey"],
            account_id=found["accountId"],
            invoice_id=found.get("targetInvoiceId"),
            currency=found["currency"],
            paid=amount(found["purchasedAmount"]),
            refunded=amount(found["refundedAmount"]) + amount(found["creditedAmount"]),
            transactions=tuple(moves),
        )


def day(text):
    """Return a date or a date-time as a date, None where there is none.

    :rtype: date|None
    """
    return date.fromisoformat(text[:10]) if text else None


def amount(found):
    """Return an amount of money; none is 0.

    :rtype: Decimal
    """
    return Decimal(str(found or 0))
