"""Sums and statistics of the figures."""

import math
import statistics
import time
from datetime import UTC, datetime


def summarise(values):
    """Sum up measured seconds.

    :param list values: seconds
    :return: p50, p95 and the number of runs
    :rtype: dict
    """
    ordered = sorted(values)
    at_95 = ordered[max(0, math.ceil(0.95 * len(ordered)) - 1)]
    return {
        "p50": round(statistics.median(ordered), 3),
        "p95": round(at_95, 3),
        "runs": len(ordered),
    }


def since(clicked, started):
    """Return the seconds from a click on this machine to a time of the API.

    :param float clicked: by this machine's clock, which is the platform's too
    :param str started: in UTC
    """
    return datetime.fromisoformat(started).replace(tzinfo=UTC).timestamp() - clicked


class Stopwatch:
    """Measures the seconds of a block."""

    def __enter__(self):
        self._started = time.perf_counter()
        return self

    def __exit__(self, *error):
        self.seconds = time.perf_counter() - self._started
