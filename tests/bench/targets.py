"""What the figures are to be, beside what they are. No run fails because of them."""

from finance_reports import REPORTS, name_of

PROVISION = "request to first 200 of /web/login"
PLAIN = "odoo -i, then start"
RATIO = f"{PLAIN}, times slower"
CHANGE = "plan change while clients work"
WEBHOOK = "webhook acknowledged"
# Where no share of the runs is named, it is to be so nearly always: p95.
_WHEREVER = {
    "click to first step": {"p95": 0.1},
    "first click after login": {"p95": 1.0},
    "10 at once": {"failed": 0, "p95": 15.0},
}
AT_MOST = {
    "process": {
        PROVISION: {"p50": 1.5, "p95": 2.5},
        **_WHEREVER,
        "reconcile 10000 instances, besides the listing": {"p95": 3.0},
        WEBHOOK: {"p95": 0.05},
        **{name_of(report): {"p95": 0.5} for report in REPORTS},
    },
    "swarm": {
        PROVISION: {"p50": 2.0, "p95": 3.0},
        **_WHEREVER,
        CHANGE: {"failed": 0},
        "a route changes among 50": {"p95": 0.3},
        "a route changes among 2000": {"p95": 1.5},
        "a route is added among 50": {"p95": 0.3},
        "a route is added among 2000": {"p95": 1.5},
    },
}
AT_LEAST = {
    "process": {RATIO: {"times": 12.0}},
    "swarm": {CHANGE: {"requests": 1000}},
}
SECONDS = ("p50", "p95")


def set_beside(figures, runtime):
    """Add the targets, and how many times slower the plain way was in this run.

    :param dict figures: what was measured, by name
    :param str runtime: what tenants ran on
    :return: the same with more
    :rtype: dict
    """
    times = round(figures[PLAIN]["p50"] / figures[PROVISION]["p50"], 1)
    figures = {**figures, RATIO: {"times": times, "runs": figures[PLAIN]["runs"]}}
    for word, targets in (("at most", AT_MOST), ("at least", AT_LEAST)):
        for name, wanted in targets[runtime].items():
            if name in figures:
                figures[name] = {**figures[name], word: wanted}
    return figures


def describe(figure):
    """Say what a figure is to be, and whether it is not."""
    most, least = figure.get("at most", {}), figure.get("at least", {})
    words = [_say(name, "≤", limit) for name, limit in most.items()]
    words += [_say(name, "≥", limit) for name, limit in least.items()]
    missed = any(figure[name] > limit for name, limit in most.items())
    missed |= any(figure[name] < limit for name, limit in least.items())
    return ", ".join(words) + (": missed" if missed else "")


def _say(name, sign, limit):
    return f"{name} {sign} {limit:g}{' s' if name in SECONDS else ''}"
