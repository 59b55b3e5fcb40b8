"""Kill Bill as one of its tenants sees it."""

from .accounts import Accounts
from .clock import Clock
from .errors import KillBillError
from .invoices import Invoices
from .subscriptions import Subscriptions
from .tenants import Tenants
from .transport import Transport


class KillBill:
    """One tenant of a Kill Bill server; parameters as those of :class:`Transport`."""

    def __init__(self, url, login, tenant=None, **options):
        self._transport = Transport(url, login, tenant, **options)
        self.accounts = Accounts(self._transport)
        self.clock = Clock(self._transport)
        self.invoices = Invoices(self._transport)
        self.subscriptions = Subscriptions(self._transport)
        self.tenants = Tenants(self._transport)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._transport.close()

    def is_healthy(self):
        """Tell whether the server has started and its parts are well."""
        try:
            self._transport.get("/healthcheck")
        except KillBillError:
            return False
        return True

    def version(self):
        """Return what the server says that it is; empty while it does not know.

        :raise KillBillError: where it does not answer, or refuses the login
        """
        nodes = self._transport.get("/kb/nodesInfo")
        return nodes[0]["kbVersion"] if nodes else ""
