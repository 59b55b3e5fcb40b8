"""Operations, and the platform as a whole: reconcile, freeze, status."""

import click

from . import render
from .app import (
    Command,
    Group,
    dry_run_option,
    page_options,
    pass_app,
    wait_options,
)
from .changes import given, say_plan
from .errors import Failed
from .instances import REASON

RECONCILE_SECONDS = 300  # it lists all there is outside
STATES = ("queued", "running", "done", "failed", "discarded")
COLUMNS = (
    "id",
    "kind",
    "instance",
    "state",
    "requested",
    "seconds",
    "message",
)


@click.group(cls=Group)
def operation():
    """Changes to instances, with their steps."""


@operation.command(
    "list",
    example="saasctl operation list --state failed",
    params=[
        click.Option(["--instance", "ref"], metavar="NAME", help="Only this one's."),
        click.Option(
            ["--state"], type=click.Choice(STATES), help="Only those in this state."
        ),
        *page_options(),
    ],
)
@pass_app
def list_operations(app, **filters):
    """List operations, the last ones first."""
    answer = app.client.call("operation_list", **given(filters))
    app.say(answer, lambda answer: render.page(answer, COLUMNS, filters["offset"]))


@operation.command(
    "show",
    example="saasctl operation show 42 --wait",
    params=[click.Argument(["operation_id"], type=int, metavar="ID"), *wait_options()],
)
@pass_app
def show_operation(app, operation_id, wait, timeout):
    """Show an operation and its steps; with --wait until it ends."""
    if wait:
        state = app.follow(operation_id, timeout)
    else:
        state = app.client.call("operation_show", operation=operation_id)
    if wait and state["state"] != "done":
        raise Failed(state.get("message") or f"it is {state['state']}", "", state)
    app.say(state, render.details)


@click.command(
    "reconcile",
    cls=Command,
    example="saasctl reconcile --dry-run",
    params=[dry_run_option()],
)
@pass_app
def reconcile(app, dry_run):
    """Compare all instances with reality, and repair what drifted.

    Orphans are told, never touched; too much drift stops it with an alarm."""
    inquiry = app.client.call("reconcile", dry_run=dry_run)["inquiry"]
    app.ask(inquiry, limit=RECONCILE_SECONDS)


@click.command(
    "freeze",
    cls=Command,
    example='saasctl freeze --reason "storage is being moved"',
    params=[
        click.Option(["--reason"], required=True, **REASON),
        dry_run_option(),
    ],
)
@pass_app
def freeze(app, reason, dry_run):
    """Stop all changes to instances; what runs goes on serving."""
    answer = app.client.call("freeze", reason=reason, dry_run=dry_run)
    if dry_run:
        return app.say(answer, say_plan)
    app.say(answer)
    return render.note("All changes are stopped, until: saasctl unfreeze")


@click.command(
    "unfreeze",
    cls=Command,
    example="saasctl unfreeze",
    params=[dry_run_option()],
)
@pass_app
def unfreeze(app, dry_run):
    """Allow changes again."""
    answer = app.client.call("unfreeze", dry_run=dry_run)
    if dry_run:
        return app.say(answer, say_plan)
    app.say(answer)
    return render.note("Changes are allowed.")


@click.command("status", cls=Command, example="saasctl status")
@pass_app
def status(app):
    """Show how the platform is."""
    app.say(app.client.call("status"))


COMMANDS = (operation, reconcile, freeze, unfreeze, status)
