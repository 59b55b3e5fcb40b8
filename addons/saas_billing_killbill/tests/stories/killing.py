"""Kill Bill dies while it is told something, and comes back."""

import re
import time
from contextlib import contextmanager
from threading import Thread
from urllib.parse import urlsplit

import requests

from .common import StoryCase
from .world import kill

LOOKS = 30  # one a second


class KillingCase(StoryCase):
    """A life in which Kill Bill is killed by some of the requests that it gets.

    It is a life of one day, of today: whoever is killed comes back by real time, and
    would not find again what it had begun at a later one.
    """

    deadly = ()  # method and path of the requests to come that it dies of
    is_done_first = False  # or it dies as soon as it is asked

    def begin_month(self):
        """Begin now."""
        kill()
        self.follow_clock()

    @contextmanager
    def dying_of(self, *requests_to_come):
        """Have Kill Bill die of each of these requests, in this order.

        :param requests_to_come: such as ``PUT /kb/subscriptions/*``
        """
        type(self).deadly = [_match(each) for each in requests_to_come]
        yield
        self.assertFalse(self.deadly, "It was not asked what it was to die of.")

    def assert_soon(self, wanted, look):
        """Look until it is as wanted: once it is back it does what it had begun."""
        for _ in range(LOOKS):
            if look() == wanted:
                return
            time.sleep(1)
            self.settle()
        self.assertEqual(look(), wanted)

    @classmethod
    def _request_handler(cls, session, request, /, **values):
        def send():
            return super(KillingCase, cls)._request_handler(session, request, **values)

        asked = f"{request.method} {urlsplit(request.url).path}"
        if not cls.deadly or not cls.deadly[0].fullmatch(asked):
            return send()
        cls.deadly = cls.deadly[1:]
        if cls.is_done_first:
            send()
            kill()
            raise requests.ConnectionError("It died before it answered.")
        death = Thread(target=kill)
        death.start()
        try:
            return send()
        finally:
            death.join()


def _match(request):
    method, path = request.replace("*", "[^/]+").split()
    return re.compile(f"{method} /1[.]0{path}")
