"""Subscriptions: what is paid for, by our own keys."""

from contextlib import suppress

from .errors import AlreadyExists, NotFound, Refused, Unavailable
from .records import Invoice, Subscription

# Of an end: what ends with the term that is paid, and what ends now.
AT_TERM, NOW = "END_OF_TERM", "IMMEDIATE"
# Seconds that we wait until a change of a subscription has been invoiced, and what
# Kill Bill says when that takes longer, or nothing is to be invoiced
_COMPLETION, _NOT_YET = 3, 408
_ALREADY_CANCELLED = 1031
_NOTHING_PENDING = {1070, 1071}


class Subscriptions:
    """What is paid for.

    :param Transport transport: the way to Kill Bill
    """

    def __init__(self, transport):
        self._ask = transport

    def ensure(self, account_id, key, bundle_key, plan, *, trial):
        """Have a subscription, however often this is asked.

        A key is never free again, and its second use is told by the database alone,
        so that Kill Bill is asked before.

        :param str key: of this subscription
        :param str bundle_key: of what it is for; another one follows when it has ended
        :param bool trial: whether it begins with the plan's trial
        :rtype: Subscription
        """
        body = {
            "accountId": account_id,
            "externalKey": key,
            "bundleExternalKey": bundle_key,
            "planName": plan,
        }
        if not trial:
            body["phaseType"] = "EVERGREEN"
        with suppress(NotFound):
            return self.find(key)
        with suppress(AlreadyExists):
            self._until_invoiced(self._ask.make, "/kb/subscriptions", body)
        return self.find(key)

    def find(self, key):
        """Return the subscription of one of our keys.

        :raise NotFound: where there is none
        """
        return Subscription.from_json(
            self._ask.get("/kb/subscriptions", externalKey=key)
        )

    def get(self, subscription_id):
        """Return a subscription.

        :raise NotFound: where there is none
        """
        return Subscription.from_json(self._ask.get(_path(subscription_id)))

    def change_plan(self, subscription_id, plan, *, policy=None, billed_now=True):
        """Change the plan when the catalog says, or as told.

        :param str policy: AT_TERM or NOW
        :param bool billed_now: wait for the bill that follows; in vain where none does
        :rtype: Subscription
        """
        path, body = _path(subscription_id), {"planName": plan}
        if billed_now:
            self._until_invoiced(self._ask.put, path, body, billingPolicy=policy)
        else:
            self._ask.put(path, body, billingPolicy=policy)
        return self.get(subscription_id)

    def undo_change(self, subscription_id):
        """Stay with the plan of now; nothing to undo is no error."""
        self._unless_done(
            _NOTHING_PENDING, self._ask.put, f"{_path(subscription_id)}/undoChangePlan"
        )
        return self.get(subscription_id)

    def cancel(self, subscription_id, *, policy=AT_TERM):
        """End what is used and what is billed together; ended already is no error.

        :param str policy: AT_TERM or NOW, which gives back the rest as credit
        :rtype: Subscription
        """
        self._unless_done(
            {_ALREADY_CANCELLED},
            self._until_invoiced,
            self._ask.delete,
            _path(subscription_id),
            entitlementPolicy=policy,
            billingPolicy=policy,
        )
        return self.get(subscription_id)

    def undo_cancel(self, subscription_id):
        """Go on after an end that has not come yet.

        :raise Refused: where it has come
        """
        found = self.get(subscription_id)
        if found.state != "CANCELLED" and not found.cancelled:
            return found
        self._ask.put(f"{_path(subscription_id)}/uncancel")
        return self.get(subscription_id)

    def preview_change(self, found, product, period, *, policy=None):
        """Return the invoice that a change of plan would bring, None for nothing.

        :param Subscription found: what would change
        :param str period: MONTHLY or ANNUAL
        :rtype: Invoice|None
        """
        asked = {
            "dryRunType": "SUBSCRIPTION_ACTION",
            "dryRunAction": "CHANGE",
            "subscriptionId": found.id,
            "bundleId": found.bundle_id,
            "productName": product,
            "productCategory": "BASE",
            "billingPeriod": period,
            "priceListName": "DEFAULT",
            "billingPolicy": policy,
        }
        return self._preview(found.account_id, asked)

    def preview_next(self, account_id):
        """Return the account's next invoice, None where there is none to come.

        :rtype: Invoice|None
        """
        return self._preview(account_id, {"dryRunType": "UPCOMING_INVOICE"})

    def set_fields(self, subscription_id, **values):
        """Have custom fields with just these values."""
        path = f"{_path(subscription_id)}/customFields"
        there = {found["name"]: found for found in self._ask.get(path) or ()}
        changed, missing = [], []
        for name, value in values.items():
            if name not in there:
                missing.append({"name": name, "value": value})
            elif there[name]["value"] != value:
                field_id = there[name]["customFieldId"]
                changed.append({"customFieldId": field_id, "value": value})
        if missing:
            self._ask.make(path, missing)
        if changed:
            self._ask.put(path, changed)

    def get_fields(self, subscription_id):
        """Return custom fields, values by name."""
        found = self._ask.get(f"{_path(subscription_id)}/customFields")
        return {each["name"]: each["value"] for each in found or ()}

    def _preview(self, account_id, asked):
        found = self._ask.post("/kb/invoices/dryRun", asked, accountId=account_id)
        return Invoice.from_json(found) if found else None

    def _until_invoiced(self, ask, *arguments, **query):
        """Ask for a change; it is done, too, where its invoice takes longer."""
        try:
            ask(*arguments, callCompletion=True, callTimeoutSec=_COMPLETION, **query)
        except Unavailable as error:
            if error.status != _NOT_YET:
                raise

    def _unless_done(self, codes, ask, *arguments, **query):
        try:
            ask(*arguments, **query)
        except Refused as refusal:
            if refusal.code not in codes:
                raise


def _path(subscription_id):
    return f"/kb/subscriptions/{subscription_id}"
