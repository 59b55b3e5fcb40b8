"""The test clock: a Kill Bill in test mode lives through a year in a minute."""

from .errors import Unavailable

# Seconds: each move waits until what was due is done.
_DRAINED = 60


class Clock:
    """The clock of a whole server, not of one tenant; a restart makes it real again.

    :param Transport transport: the way to Kill Bill
    """

    def __init__(self, transport):
        self._ask = transport

    def is_movable(self):
        """Tell whether it can be moved: whether Kill Bill is in test mode.

        It tells the time in any mode; in earnest it fails at a move, of no days too.
        """
        try:
            self._move(days=0)
        except Unavailable as error:
            if error.status != 500:
                raise
            return False
        return True

    def now(self):
        """Return the time that Kill Bill believes in, in UTC, as it writes it."""
        return self._ask.get("/kb/test/clock")["currentUtcTime"]

    def set(self, moment):
        """Set the clock, never back.

        :param str moment: such as 2027-01-01T08:00:00.000Z
        """
        query = {"requestedDate": moment, "timeoutSec": _DRAINED}
        self._ask.post("/kb/test/clock", **query)

    def settle(self):
        """Wait until Kill Bill has done what was due: invoices come after changes."""
        self._ask.get("/kb/test/queues", timeoutSec=_DRAINED)

    def advance(self, days):
        """Live through some days: in steps, as a jump skips overdue states.

        :param int days: how many
        """
        for _ in range(days):
            self._move(days=1)

    def _move(self, days):
        self._ask.put("/kb/test/clock", days=days, timeoutSec=_DRAINED)
