"""Whether the clock of a Kill Bill can be moved."""

from datetime import datetime

import pytest
from killbill.errors import Unavailable
from listener import listening


def asked(server, status):
    """Ask one that answers so whether its clock can be moved."""
    with (
        listening(status=status, body=b"<html>", kind="text/html") as listener,
        server.client(("key", "secret"), url=listener.url) as client,
    ):
        return client.clock.is_movable()


def test_a_kill_bill_in_test_mode_has_a_clock_that_moves(kb):
    before = datetime.fromisoformat(kb.clock.now())
    assert kb.clock.is_movable()
    assert (datetime.fromisoformat(kb.clock.now()) - before).seconds < 60


def test_one_in_earnest_fails_as_0_22_does(server):
    assert not asked(server, 500)


def test_one_that_is_ill_says_nothing_of_it(server):
    with pytest.raises(Unavailable):
        asked(server, 503)
