"""Accounts: who pays, one for a customer, a company and a currency."""

from .errors import AlreadyExists
from .invoices import WRITTEN_OFF
from .records import CLEAR, Account, Invoice, Ledger, Payment, Subscription

MANUAL_PAY = "00000000-0000-0000-0000-000000000005"


class Accounts:
    """Who pays.

    :param Transport transport: the way to Kill Bill
    """

    def __init__(self, transport):
        self._ask = transport

    def ensure(self, key, name, currency, **fields):
        """Have an account that is paid by hand, however often this is asked.

        Kill Bill never changes the key, the currency and the time zone of one.

        :param str key: ours
        :param str currency: such as EUR
        :param fields: more of Kill Bill's, such as email, company, country
        :rtype: Account
        """
        given = {"externalKey": key, "name": name, "currency": currency}
        try:
            account_id = self._ask.make(
                "/kb/accounts", {"timeZone": "UTC"} | fields | given
            )
        except AlreadyExists:
            account_id = self.find(key).id
        self._ask.make(f"/kb/accounts/{account_id}/tags", [MANUAL_PAY])
        return self.get(account_id)

    def find(self, key):
        """Return the account of one of our keys.

        :raise NotFound: where there is none
        """
        query = {"externalKey": key, "accountWithBalanceAndCBA": True}
        return Account.from_json(self._ask.get("/kb/accounts", **query))

    def get(self, account_id):
        """Return an account with its balance.

        :raise NotFound: where there is none
        """
        path = f"/kb/accounts/{account_id}"
        return Account.from_json(self._ask.get(path, accountWithBalanceAndCBA=True))

    def all(self):
        """Yield all accounts with their balances, page by page."""
        path = "/kb/accounts/pagination"
        for found in self._ask.pages(path, accountWithBalanceAndCBA=True):
            yield Account.from_json(found)

    def change(self, account_id, **fields):
        """Change fields of an account; what is not named stays."""
        path = f"/kb/accounts/{account_id}"
        self._ask.put(path, {"accountId": account_id} | fields, treatNullAsReset=False)

    def subscriptions(self, account_id):
        """Return all subscriptions of an account, ended ones too.

        :rtype: list[Subscription]
        """
        bundles = self._ask.get(f"/kb/accounts/{account_id}/bundles") or ()
        return [
            Subscription.from_json(found)
            for bundle in bundles
            for found in bundle["subscriptions"]
        ]

    def invoices(self, account_id):
        """Return all invoices of an account with their lines, void ones too.

        :rtype: list[Invoice]
        """
        found = self._ask.get(
            f"/kb/accounts/{account_id}/invoices",
            includeInvoiceComponents=True,
            includeVoidedInvoices=True,
        )
        return [Invoice.from_json(each) for each in found or ()]

    def ledger(self, account_id):
        """Return all that there is of an account.

        :rtype: Ledger
        """
        return Ledger(
            subscriptions=tuple(self.subscriptions(account_id)),
            invoices=tuple(self.invoices(account_id)),
            written_off=frozenset(self.written_off(account_id)),
        )

    def payments(self, account_id):
        """Return all payments for invoices of an account.

        :rtype: list[Payment]
        """
        found = self._ask.get(f"/kb/accounts/{account_id}/invoicePayments")
        return [Payment.from_json(each) for each in found or ()]

    def give_credit(self, account_id, key, amount, currency):
        """Give an account credit, once for each key.

        Kill Bill knows no key of a credit: ours is its description.

        :param Decimal amount: net
        """
        items = (item for each in self.invoices(account_id) for item in each.items)
        if key not in (item.description for item in items):
            body = {
                "accountId": account_id,
                "amount": amount,
                "currency": currency,
                "description": key,
            }
            self._ask.post("/kb/credits", [body], autoCommit=True)

    def written_off(self, account_id):
        """Return the ids of the invoices that are asked for no more.

        :rtype: set[str]
        """
        path = f"/kb/accounts/{account_id}/allTags"
        found = self._ask.get(path, objectType="INVOICE") or ()
        return {
            tag["objectId"] for tag in found if tag["tagDefinitionId"] == WRITTEN_OFF
        }

    def overdue_state(self, account_id):
        """Return the name of the state that the account is in, empty where it is well.

        :rtype: str
        """
        name = self._ask.get(f"/kb/accounts/{account_id}/overdue")["name"]
        return "" if name == CLEAR else name
