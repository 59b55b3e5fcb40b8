"""`saasctl instance`: the life of instances, from create to purge."""

from dataclasses import dataclass

import click

from . import render
from .app import (
    App,
    Command,
    Group,
    confirm,
    dry_run_option,
    page_options,
    pass_app,
    wait_options,
)
from .changes import finish, given

COLUMNS = ("subdomain", "status", "billing_status", "plan", "customer", "url")
STATUSES = (
    *("creating", "starting", "running", "stopping"),
    *("stopped", "paused", "terminated", "error"),
)
REASON = {"help": "Why; it is kept in the log of events.", "metavar": "TEXT"}


def ref_argument():
    """Return a new argument that names an instance."""
    return click.Argument(["ref"], metavar="NAME")


@click.group(cls=Group)
def instance():
    """Customers' Odoo instances. NAME is an instance's subdomain or UUID."""


@instance.command(
    "create",
    example="saasctl instance create --plan starter --subdomain acme \\\n"
    '    --customer "Acme" --email owner@acme.test --wait',
    params=[
        click.Option(["--plan"], required=True, help="Code of the plan."),
        click.Option(
            ["--subdomain"], required=True, help="First label of the address."
        ),
        click.Option(
            ["--customer"], required=True, help="Name of the customer's company."
        ),
        click.Option(
            ["--email"], required=True, help="The customer's; the login of its Odoo."
        ),
        click.Option(["--region"], help="Where it lives [any with room]."),
        click.Option(
            ["--period"],
            type=click.Choice(["monthly", "annual"]),
            default="monthly",
            show_default=True,
            help="How often it is billed.",
        ),
        click.Option(["--lang"], help="Language of its company, as fr_FR."),
        click.Option(["--country"], help="Country of its company, as FR."),
        click.Option(["--tz"], help="Time zone, as Europe/Paris [the country's]."),
        click.Option(["--trial/--no-trial"], default=True, help="Start with a trial."),
        dry_run_option(),
        *wait_options(),
    ],
)
@pass_app
def create(app, wait, timeout, **arguments):
    """Create an instance for a customer.

    Without --wait it returns at once, and the platform goes on."""
    dry_run = arguments["dry_run"]
    result = app.client.call("instance_create", **given(arguments))
    if not dry_run:
        result = {"instance": result, "operation": result["operation"]}
    finish(app, result, wait=wait, timeout=timeout, dry_run=dry_run)


@instance.command(
    "list",
    example="saasctl instance list --status error",
    params=[
        click.Option(
            ["--status"], type=click.Choice(STATUSES), help="Only those in this status."
        ),
        click.Option(["--plan"], help="Only those of this plan."),
        *page_options(),
    ],
)
@pass_app
def list_instances(app, **filters):
    """List instances."""
    answer = app.client.call("instance_list", **given(filters))
    app.say(answer, lambda answer: render.page(answer, COLUMNS, filters["offset"]))


@instance.command(
    "show", example="saasctl instance show acme --json", params=[ref_argument()]
)
@pass_app
def show(app, ref):
    """Show what an instance is and where it lives."""
    app.say(app.client.call("instance_show", ref=ref), render.details)


@instance.command(
    "open",
    example='saasctl instance open acme --reason "ticket 1234"',
    params=[ref_argument(), click.Option(["--reason"], **REASON)],
)
@pass_app
def open_instance(app, **arguments):
    """Print a link that opens an instance once, as support.

    Who opened it and why is written down here and there."""
    app.say(app.client.call("instance_open", **given(arguments)), _say_link)


@instance.command(
    "logs",
    example="saasctl instance logs acme --lines 500 | less",
    params=[
        ref_argument(),
        click.Option(
            ["--lines"], type=click.IntRange(1, 2000), default=100, show_default=True
        ),
    ],
)
@pass_app
def logs(app, ref, lines):
    """Print the last lines of an instance's log."""
    app.ask(app.client.call("instance_logs", ref=ref, lines=lines)["inquiry"])


@instance.command(
    "preview-plan",
    example="saasctl instance preview-plan acme --plan professional",
    params=[ref_argument(), click.Option(["--plan"], required=True)],
)
@pass_app
def preview_plan(app, ref, plan):
    """Show what another plan would cost, and from when on."""
    asked = app.client.call("instance_preview_plan", ref=ref, plan=plan)
    app.ask(asked["inquiry"])


@dataclass(frozen=True, kw_only=True)
class Change:
    """A command that opens an operation on one instance."""

    name: str
    does: str
    options: tuple = ()
    example: str = ""
    harm: str = ""  # what a person is asked to agree with; {ref} is the instance


CHANGES = (
    Change(name="start", does="Start a stopped instance."),
    Change(
        name="stop",
        does="Stop an instance; its address then says that it is stopped.",
        harm="{ref} will stop and its users will be cut off.",
    ),
    Change(name="restart", does="Restart an instance; seconds of interruption."),
    Change(
        name="suspend",
        does="Pause an instance: nobody can use it, nothing is lost.",
        harm="{ref} will be paused and its users will be cut off.",
    ),
    Change(name="resume", does="End the pause of an instance."),
    Change(
        name="change-plan",
        does="Give an instance another plan and its limits.",
        options=(("--plan", "Code of the new plan."),),
        example="saasctl instance change-plan acme --plan professional --wait",
    ),
    Change(
        name="rename",
        does="Give an instance another address; the old one redirects for a while.",
        options=(("--subdomain", "First label of the new address."),),
        example="saasctl instance rename acme --subdomain acme-group --wait",
    ),
    Change(
        name="hand-over",
        does="Give an instance to another customer, with all its data.",
        options=(
            ("--customer", "Name of the new customer's company."),
            ("--email", "The new customer's; the login of the administrator."),
        ),
        example='saasctl instance hand-over acme --customer "Acme II" \\\n'
        "    --email owner@acme2.test",
        harm="{ref} and all its data will belong to another customer.",
    ),
    Change(
        name="terminate",
        does="End an instance; its data are kept for the retention time.",
        harm="{ref} will end. Its data are kept; `reactivate` brings it back.",
    ),
    Change(name="reactivate", does="Bring a terminated instance back, with its data."),
    Change(
        name="purge",
        does="Remove a terminated instance and all its data, for ever.",
        options=(("--confirm", "The instance's name once more."),),
        example='saasctl instance purge acme --confirm acme --reason "asked for"',
    ),
    Change(name="retry", does="Go on with a failed operation from its failed step."),
    Change(
        name="discard",
        does="Take back what a failed operation made; frees a creation's name.",
        harm="What the failed operation on {ref} made will be removed.",
    ),
)


def _add_change(change):
    """Make the command of a change."""
    options = change.options
    params = [
        ref_argument(),
        *(click.Option([name], required=True, help=does) for name, does in options),
        # A purge cannot be taken back: it needs a reason, the others may have one.
        click.Option(["--reason"], required=change.name == "purge", **REASON),
        dry_run_option(),
        *wait_options(),
    ]
    if change.harm:
        params.append(click.Option(["--yes"], is_flag=True, help="Do not ask."))
    method = f"instance_{change.name.replace('-', '_')}"

    @pass_app
    def run(app: App, ref, wait, timeout, yes=False, **arguments):
        if change.harm and not arguments["dry_run"]:
            confirm(change.harm.format(ref=ref), yes)
        result = app.client.call(method, ref=ref, **given(arguments))
        finish(app, result, wait=wait, timeout=timeout, dry_run=arguments["dry_run"])

    instance.add_command(
        Command(
            change.name,
            params=params,
            callback=run,
            help=change.does,
            example=change.example or f"saasctl instance {change.name} acme --wait",
        )
    )


def _say_link(link):
    print(render.printable(link["url"]))
    render.note(f"It works once, until {link['expires']} UTC.")


for _change in CHANGES:
    _add_change(_change)
