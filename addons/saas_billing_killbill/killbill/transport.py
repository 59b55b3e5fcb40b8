"""Requests to one Kill Bill server as one of its tenants, over kept connections."""

import json
import logging
import time
import uuid
from decimal import Decimal
from urllib.parse import urlsplit

import requests

from .errors import Unavailable, from_answer

_logger = logging.getLogger(__name__)
_NEXT = "X-Killbill-Pagination-NextOffset"
PAGE = 100
# Seconds until it takes the connection, and between two bytes of its answer
TIMEOUT = (5.0, 60.0)


class Transport:
    """Speak HTTP with Kill Bill.

    Addresses of webhooks travel in queries, logins in headers: neither is ever logged
    nor part of an error.

    :param str url: such as http://127.0.0.1:18480
    :param tuple login: name and password of Kill Bill's user
    :param tuple tenant: API key and secret, None for what needs no tenant
    :param str author: who asks, for Kill Bill's audit log
    :param str request_id: UUID of the operation that asks; one of its own unless given
    :param tuple timeout: seconds for the connection and between two bytes
    """

    def __init__(
        self, url, login, tenant=None, *, author, request_id=None, timeout=TIMEOUT
    ):
        self._url = url.rstrip("/")
        self._timeout = timeout
        self._session = requests.Session()
        # Neither a proxy nor a .netrc of this machine's has a say.
        self._session.trust_env = False
        self._session.auth = login
        self._session.headers.update(
            {
                "Accept": "application/json",
                "X-Killbill-CreatedBy": author,
                "X-Request-Id": request_id or str(uuid.uuid4()),
            }
        )
        if tenant:
            key, secret = tenant
            self._session.headers["X-Killbill-ApiKey"] = key
            self._session.headers["X-Killbill-ApiSecret"] = secret

    def close(self):
        """Give up the connections."""
        self._session.close()

    def get(self, path, **query):
        """Return what is there, as JSON; None where Kill Bill has nothing."""
        return _content(self._ask("GET", path, query))

    def get_text(self, path, **query):
        """Return what is there, as text."""
        return self._ask("GET", path, query, accept="*/*").text

    def pages(self, path, **query):
        """Yield the rows of a list that comes in pages."""
        offset = "0"
        while offset:
            page = query | {"offset": offset, "limit": PAGE}
            answer = self._ask("GET", path, page)
            yield from _content(answer) or ()
            offset = answer.headers.get(_NEXT)

    def make(self, path, body=None, **query):
        """Make something.

        :return: its id; None where Kill Bill had nothing to do
        :rtype: str|None
        """
        answer = self._ask("POST", path, query, body)
        place = urlsplit(answer.headers.get("Location", "")).path
        return place.rstrip("/").rpartition("/")[2] or None

    def post(self, path, body=None, **query):
        """Ask for something, and return what Kill Bill says to it."""
        return _content(self._ask("POST", path, query, body))

    def put(self, path, body=None, **query):
        """Change something, and return what Kill Bill says to it."""
        return _content(self._ask("PUT", path, query, body))

    def delete(self, path, **query):
        """End something."""
        self._ask("DELETE", path, query)

    def upload(self, path, text, content_type):
        """Store a document.

        :param str text: that
        :param str content_type: such as text/xml
        """
        self._ask("POST", path, {}, text.encode(), content_type=content_type)

    def _ask(self, method, path, query, body=None, *, accept=None, content_type=None):
        headers = {"Content-Type": content_type or "application/json"}
        if accept:
            headers["Accept"] = accept
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, default=str).encode()
        began = time.monotonic()
        try:
            answer = self._session.request(
                method,
                f"{self._url}/1.0{path}",
                params=_without_none(query),
                data=body,
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
            )
        # Their words hold the whole address, with what must not be told.
        except requests.Timeout:
            raise _silent(self._url, "within its time") from None
        except requests.RequestException:
            raise _silent(self._url, "") from None
        spent = 1000 * (time.monotonic() - began)
        _logger.debug("%s %s: %s, %d ms", method, path, answer.status_code, spent)
        if answer.status_code >= 300:
            raise from_answer(answer.status_code, _fields(answer))
        return answer


def _silent(url, how):
    return Unavailable(
        f"Kill Bill at {url} does not answer {how}".rstrip() + ".",
        "Start it (make up); its address: Catalogue, Kill Bill.",
    )


def _without_none(query):
    """Return a query in Kill Bill's words."""
    words = {True: "true", False: "false"}
    return {
        name: words[value] if isinstance(value, bool) else value
        for name, value in query.items()
        if value is not None
    }


def _content(answer):
    """Read JSON with amounts as they are written: 10.10 is no binary fraction."""
    if not answer.content:
        return None
    try:
        return json.loads(answer.content, parse_float=Decimal)
    except ValueError:
        raise Unavailable(
            "What answers at Kill Bill's address speaks no JSON.",
            "Look at its address: Catalogue, Kill Bill.",
            status=answer.status_code,
        ) from None


def _fields(answer):
    """Return what a refusal says; Tomcat's own pages are HTML and say nothing."""
    try:
        found = json.loads(answer.content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
