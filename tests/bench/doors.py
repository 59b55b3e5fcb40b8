"""Knock at an instance's address as a browser does, but cheaply."""

import http.client
import ssl
from contextlib import suppress
from urllib.parse import urlsplit

SECONDS = 120  # that one answer may take


class Door:
    """An address; its connection is kept as long as the proxy keeps it.

    A library would take longer than the proxy, and so would a handshake each time.

    :param platform: the ``Platform``
    :param str url: an address of a tenant there
    """

    def __init__(self, platform, url):
        parts = urlsplit(url)
        place = {"host": parts.hostname, "port": parts.port, "timeout": SECONDS}
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=platform.authority)
            self._connection = http.client.HTTPSConnection(**place, context=context)
        else:
            self._connection = http.client.HTTPConnection(**place)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._connection.close()

    def ask(self, path):
        """Ask once.

        :return: the answer, read to its end; None where the connection was lost
        :rtype: http.client.HTTPResponse|None
        """
        with suppress(http.client.HTTPException, ConnectionError):
            self._connection.request("GET", path)
            answer = self._connection.getresponse()
            answer.read()
            return answer
        self._connection.close()
        return None

    def lets_in(self):
        """Tell whether people can sign in."""
        answer = self.ask("/web/login")
        return answer is not None and answer.status == 200
