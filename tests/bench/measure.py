"""Sums and statistics of the figures."""

import math
import statistics
import time


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


class Stopwatch:
    """Measures the seconds of a block."""

    def __enter__(self):
        self._started = time.perf_counter()
        return self

    def __exit__(self, *error):
        self.seconds = time.perf_counter() - self._started
