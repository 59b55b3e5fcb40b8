"""Kill Bill: what of the plans it has, and what it is to have."""

import click

from . import render
from .app import Group, dry_run_option, pass_app
from .changes import given

# It answers when it has read its catalog back.
SECONDS = 120


@click.group(cls=Group)
def billing():
    """Kill Bill, where the platform has one (make up BILLING=killbill)."""


@billing.command("setup", example="saasctl billing setup")
@pass_app
def set_up(app):
    """Make the platform a tenant of Kill Bill, and publish the plans.

    It may be run any number of times, and mends what was changed by hand."""
    _ask(app, "billing_setup")


@billing.command(
    "publish",
    example="saasctl billing publish --prices-from 2027-01-01",
    params=[
        click.Option(
            ["--prices-from"],
            metavar="DATE",
            help="New prices are for existing subscriptions too, from then on.",
        ),
        dry_run_option(),
    ],
)
@pass_app
def publish(app, **arguments):
    """Publish plans, prices and overdue states as they are now."""
    _ask(app, "billing_publish", **given(arguments))


def _ask(app, method, **arguments):
    inquiry = app.client.call(method, **arguments)["inquiry"]
    app.ask(inquiry, limit=SECONDS, show=_show)


def _show(answer):
    changes = answer["changes"]
    for change in changes:
        render.answer(change)
    if not changes:
        render.note("Kill Bill has all of it as it is here.")


COMMANDS = (billing,)
