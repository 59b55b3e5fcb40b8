"""An operation as it goes on: a bar and its steps, or a line a step without a
terminal. Always on stderr, so that stdout holds the answer alone."""

import sys

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .render import printable

OVER = {"done", "failed"}
SIGNS = {"done": "✓", "failed": "✗", "running": "●"}
STYLES = {"done": "green", "failed": "bold red", "running": "cyan"}


def progress_view():
    """Return the view that fits stderr."""
    return BarView() if sys.stderr.isatty() else LineView()


class LineView:
    """A line for each step that is over."""

    def __init__(self):
        self._told = set()

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        return None

    def show(self, operation):
        """Tell the steps that ended since the last time."""
        for step in operation["steps"]:
            # A retried step fails and ends again: told once for each.
            event = (step["name"], step["state"])
            if step["state"] in OVER and event not in self._told:
                self._told.add(event)
                self._line(step)

    def note(self, text):
        """Tell that something keeps us waiting."""
        print(text, file=sys.stderr, flush=True)

    def _line(self, step):
        line = f"{seconds(step):>8}  {step['state']:<7}  {label(step)}"
        if step["state"] == "failed":
            line += f": {printable(step.get('message') or 'no reason given')}"
        print(line, file=sys.stderr, flush=True)


class BarView:
    """A bar and the list of steps, drawn anew while they go on."""

    def __init__(self, console=None):
        self._live = Live(
            console=console or Console(stderr=True), refresh_per_second=10
        )

    def __enter__(self):
        self._live.start()
        return self

    def __exit__(self, *_exception):
        self._live.stop()

    def show(self, operation):
        """Draw the operation's present state."""
        self._live.update(_drawing(operation), refresh=True)

    def note(self, text):
        """Tell above the bar that something keeps us waiting."""
        self._live.console.print(Text(text))


def label(step):
    """Return what a step is called."""
    return printable(step.get("label") or step["name"])


def seconds(record):
    """Return how long a step or an operation took so far."""
    return f"{record['seconds']:.2f} s"


def _drawing(operation):
    steps = operation["steps"]
    passed = sum(step["state"] == "done" for step in steps)
    head = Table.grid(padding=(0, 1))
    head.add_row(
        Text(printable(operation["label"])),
        ProgressBar(total=max(len(steps), 1), completed=passed, width=30),
        Text(f"{passed}/{len(steps)} {operation['state']} {seconds(operation)}"),
    )
    rows = Table.grid(padding=(0, 1))
    for step in steps:
        state = step["state"]
        text = label(step)
        if state == "failed":
            text += f": {printable(step.get('message') or '')}"
        rows.add_row(
            Text(SIGNS.get(state, " "), style=STYLES.get(state, "dim")),
            Text(text, style="" if state in SIGNS else "dim"),
            Text(seconds(step) if state in SIGNS else "", justify="right"),
        )
    return Group(head, rows)
