"""Answers as text for people, safe whatever customers wrote into them."""

import json
import sys

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

NAMES = ("subdomain", "name", "code", "uuid")  # what a nested record is called by


def to_json(document):
    """Print one JSON document; ASCII, so that every terminal and locale takes it."""
    print(json.dumps(document, indent=2))


def table(records, columns=()):
    """Print records as a table.

    :param list records: dictionaries of one shape
    :param tuple columns: what to show; empty for what the master answers
    """
    console = _console()
    if not records:
        return console.print("none")
    columns = columns or tuple(records[0])
    grid = Table(box=box.SIMPLE_HEAD if console.is_terminal else None, pad_edge=False)
    for column in columns:
        grid.add_column(column.replace("_", " "), overflow="fold")
    for record in records:
        grid.add_row(*(Text(cell(record.get(column))) for column in columns))
    return console.print(grid)


def details(record):
    """Print one record, a line a value; lists of records become tables below it."""
    nested = {key: value for key, value in record.items() if _is_table(value)}
    grid = Table(box=None, show_header=False, pad_edge=False)
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for key, value in record.items():
        if key not in nested and value not in (None, "", [], {}):
            grid.add_row(key.replace("_", " "), Text(cell(value)))
    _console().print(grid)
    for key, records in nested.items():
        print(f"\n{key.replace('_', ' ')}:")
        table(records)


def answer(value):
    """Print an answer whose shape only the master knows."""
    if isinstance(value, dict):
        details(value)
    elif _is_table(value):
        table(value)
    elif value not in (None, "", []):
        print(printable(cell(value)))


def page(answer, columns, offset):
    """Print a part of a long list, and say how to see what follows.

    :param dict answer: `records`, and the `count` of all there are
    :param tuple columns: what to show
    :param int offset: how many came before
    """
    table(answer["records"], columns)
    end = offset + len(answer["records"])
    if end < answer["count"]:
        note(f"{answer['count'] - end} more: --offset {end}")


def cell(value):
    """Return a value as one text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, list):
        return ", ".join(_item(item) for item in value)
    if isinstance(value, dict):
        name = next((value[key] for key in NAMES if value.get(key)), None)
        pairs = (f"{key} {cell(item)}" for key, item in value.items())
        return cell(name) if name else ", ".join(pairs)
    return printable(str(value))


def _item(value):
    """Return a part of a list; of a record its values alone, to keep it short."""
    if isinstance(value, dict):
        return " ".join(cell(part) for part in value.values())
    return cell(value)


def printable(text):
    """Return a text whose control characters cannot command a terminal.

    :param str text: what a customer or a tenant's log wrote
    """
    return "".join(
        character if character.isprintable() or character in "\n\t" else "\N{BULLET}"
        for character in text
    )


def note(text):
    """Tell the person something that is no part of the answer."""
    print(printable(text), file=sys.stderr)


def _console():
    # A pipe has no width: lines stay whole, for grep and cut.
    width = None if sys.stdout.isatty() else 10_000
    return Console(width=width, highlight=False, markup=False)


def _is_table(value):
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)
