"""What all commands share: the options of each, the master, the way to answer."""

import sys
from functools import cached_property
from pathlib import Path

import click

from . import render
from .client import Client
from .errors import Failed
from .settings import find_settings, read_key
from .waiting import (
    INQUIRY_SECONDS,
    OPERATION_SECONDS,
    ask,
    follow_operation,
    follow_what_waits,
)

BESIDE_THE_CODE = Path(__file__).resolve().parents[2] / ".run"


class App:
    """One call of saasctl."""

    def __init__(self):
        self.run_dir = BESIDE_THE_CODE
        self.as_json = False
        self.url = None
        self.key_file = None

    @cached_property
    def client(self):
        """The master, once a command needs it: help and completion do not."""
        settings = find_settings(self.run_dir, self.url, self.key_file)
        return Client(settings.url, read_key(settings.key_file))

    def say(self, document, show=render.answer):
        """Print the command's answer.

        :param document: what `--json` prints
        :param show: prints the same for people
        """
        if self.as_json:
            render.to_json(document)
        else:
            show(document)

    def ask(self, inquiry, limit=INQUIRY_SECONDS, *, show=render.answer):
        """Wait for an inquiry and print its answer.

        :param show: prints that for people
        """
        state = ask(self.client, inquiry, limit)
        self.say(state, lambda state: show(state.get("answer")))

    def follow(self, operation, limit):
        """Wait for an operation.

        :return: its state at the end, done or not
        """
        return follow_operation(self.client, operation, limit)

    def follow_after(self, earlier, ref, limit):
        """Wait for an operation of an instance, and for what had to wait for it.

        :return: as `follow`, of the one that ended last
        """
        return follow_what_waits(self.client, earlier, ref, limit)


pass_app = click.make_pass_decorator(App, ensure=True)


class Command(click.Command):
    """A command with the options that all have, and an example in its help."""

    def __init__(self, *args, example="", params=None, **kwargs):
        if example:
            kwargs["epilog"] = f"\b\nExample:\n  {example}"
        super().__init__(*args, params=[*(params or ()), *common_options()], **kwargs)


class Group(click.Group):
    """A group whose commands are of that class."""

    command_class = Command
    group_class = type  # its groups are such groups


def common_options():
    """Return new options for the answer's form and for reaching the master."""
    return [
        _common("--json", "as_json", is_flag=True, help="Print one JSON document."),
        _common("--url", metavar="URL", help="Address of the master [SAASCTL_URL]."),
        _common(
            "--key-file",
            metavar="FILE",
            help="File with the key, readable by you alone [SAASCTL_KEY_FILE].",
        ),
    ]


def run_dir_option():
    """Return a new option of saasctl itself: where the platform lies."""
    return click.Option(
        ["--run-dir"],
        envvar="RUN_DIR",
        type=click.Path(path_type=Path, resolve_path=True),
        metavar="PATH",
        expose_value=False,
        callback=_remember,
        help="Folder of the platform, where it was moved; given first "
        "[RUN_DIR, else .run beside the code].",
    )


def _common(*names, **settings):
    # The same options before the command and after it: the last one given counts.
    return click.Option(names, expose_value=False, callback=_remember, **settings)


def _remember(context, parameter, value):
    app = context.ensure_object(App)
    if value:
        setattr(app, parameter.name, value)


def wait_options():
    """Return new options of commands that open an operation."""
    return [
        click.Option(
            ["--wait"], is_flag=True, help="Show the steps until the operation ends."
        ),
        click.Option(
            ["--timeout"],
            type=click.FloatRange(min=0),
            default=OPERATION_SECONDS,
            show_default=True,
            metavar="SECONDS",
            help="How long --wait waits at most; the operation goes on after that.",
        ),
    ]


def page_options():
    """Return new options of commands that list what may be long."""
    return [
        click.Option(
            ["--limit"], type=click.IntRange(1), default=80, show_default=True
        ),
        click.Option(["--offset"], type=click.IntRange(0), default=0),
    ]


def dry_run_option():
    """Return a new option to see what would be done."""
    return click.Option(
        ["--dry-run"], is_flag=True, help="Say what would be done; change nothing."
    )


def confirm(question, yes):
    """Ask before something that harms, where a person sees the question.

    :param str question: what will be done
    :param bool yes: whether `--yes` was given
    :raise Failed: if the person says no
    """
    # A script has decided already; nobody would answer it.
    if yes or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    if not click.confirm(f"{question} Go on?", err=True):
        raise Failed("nothing was changed")
