"""The tenant: all that one master has in a Kill Bill, and how it is configured."""

import json
from contextlib import suppress

from .errors import AlreadyExists, NotFound

_RETRIES = "org.killbill.billing.server.notifications.retries"


class Tenants:
    """The tenant that the transport speaks for, and its configuration.

    :param Transport transport: the way to Kill Bill
    """

    def __init__(self, transport):
        self._ask = transport

    def ensure(self, key, secret, external_key):
        """Have the tenant, however often this is asked.

        :param str key: its API key
        :param str secret: its API secret, which Kill Bill keeps as a hash
        :param str external_key: what it is for: our platform
        """
        body = {"apiKey": key, "apiSecret": secret, "externalKey": external_key}
        with suppress(AlreadyExists):
            self._ask.make("/kb/tenants", body)

    # === WEBHOOKS === #

    def callback(self):
        """Return where webhooks go, empty for nowhere; a secret is part of it."""
        path = "/kb/tenants/registerNotificationCallback"
        values = (self._ask.get(path) or {}).get("values")
        return values[0] if values else ""

    def set_callback(self, url):
        """Have webhooks go there and nowhere else.

        :return: whether they went elsewhere before; each change sends one
        """
        if self.callback() == url:
            return False
        self._ask.make("/kb/tenants/registerNotificationCallback", cb=url)
        return True

    def waiting_deliveries(self, account_id=None):
        """Return webhooks that Kill Bill has not been able to hand over yet.

        :return: what each is of, the tries so far and when the next is due
        :rtype: list[dict]
        """
        # It is streamed, and refused to who asks for JSON.
        found = self._ask.get_text(
            "/kb/admin/queues",
            accountId=account_id,
            withHistory=False,
            withInProcessing=True,
            withBusEvents=False,
            withNotifications=True,
        )
        return [
            {
                "kind": each["event"]["eventType"],
                "account_id": each["event"]["accountId"],
                "tries": each["event"]["attemptNumber"],
                "due": each["effectiveDate"],
            }
            for each in json.loads(found)["notifications"]
            if each["queueName"].endswith(":push-notification-queue")
        ]

    def set_retries(self, delays):
        """Have failed webhooks tried again after these delays.

        :param str delays: such as 15m,30m,2h
        """
        text = f'{{"{_RETRIES}": "{delays}"}}'
        path = "/kb/tenants/uploadPerTenantConfig"
        self._ask.upload(path, text, "text/plain")

    # === CATALOG AND OVERDUE === #

    def catalog(self):
        """Return the catalog of now as XML, empty where there is none."""
        return self._document("/kb/catalog/xml")

    def upload_catalog(self, text):
        """Store a version of the catalog; its date must be another than all before."""
        self._ask.upload("/kb/catalog/xml", text, "text/xml")

    def overdue(self):
        """Return the overdue states as XML, empty where there are none."""
        return self._document("/kb/overdue/xml")

    def upload_overdue(self, text):
        """Store the overdue states in place of those before."""
        self._ask.upload("/kb/overdue/xml", text, "text/xml")

    def _document(self, path):
        try:
            return self._ask.get_text(path)
        except NotFound:
            return ""
