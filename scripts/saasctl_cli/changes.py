"""From the answer to a change, through its operation, to what saasctl prints."""

from contextlib import suppress

from . import render
from .errors import Failed, NotFound, Unreachable

SHOWN = ("uuid", "subdomain", "url", "status", "billing_status", "plan", "database")


def given(arguments):
    """Return the arguments that were given: the master knows the defaults."""
    return {key: value for key, value in arguments.items() if value is not None}


def finish(app, result, *, wait=False, timeout=0, dry_run=False):
    """Print what a change did or will do.

    :param App app: this call of saasctl
    :param dict result: the master's answer: `operation`, mostly with its `instance`,
        and with what it `waits_for` where it cannot begin yet; or, for a dry run, the
        `plan`
    :param bool wait: whether to wait for the operation
    :param float timeout: seconds to wait at most
    :param bool dry_run: whether the answer is only a plan
    :raise Failed: if the operation failed
    """
    if dry_run:
        return app.say(result, say_plan)
    operation, earlier = result.get("operation"), result.get("waits_for")
    if not (wait and (operation or earlier)):
        return app.say(_merged(result, operation), _say_requested)
    if earlier:
        uuid = result["instance"]["uuid"]
        operation = app.follow_after(earlier["id"], uuid, timeout)
    else:
        operation = app.follow(operation["id"], timeout)
    document = _merged(_as_it_is_now(app, result), operation)
    if operation["state"] != "done":
        raise _failure(operation, document)
    return app.say(document, _say_done)


def _as_it_is_now(app, result):
    """Return the answer with its instance as the operation left it."""
    instance = result.get("instance")
    if not instance:
        return result
    # A purge or a discard may leave nothing to show, and what is known is enough.
    with suppress(NotFound, Unreachable):
        # By uuid: a rename changes the address, and a purge frees it for others.
        instance = app.client.call("instance_show", ref=instance["uuid"])
    return {**result, "instance": instance, "waits_for": None}


def _merged(result, operation):
    """Return one flat document: the instance, then its operation and steps."""
    document = {key: value for key, value in result.items() if key != "instance"}
    document = {**(result.get("instance") or {}), **document, "operation": operation}
    if operation and "steps" in operation:
        document["operation"] = {k: v for k, v in operation.items() if k != "steps"}
        document["seconds"] = operation.get("seconds")
        document["steps"] = operation["steps"]
    return document


def _failure(operation, document):
    reason = operation.get("message") or f"the operation is {operation['state']}"
    cure = ""
    if operation["state"] == "failed" and document.get("subdomain"):
        name = document["subdomain"]
        cure = f"saasctl instance retry {name}"
        if operation["kind"] == "provision":
            cure += f", or saasctl instance discard {name}"
    return Failed(f"{operation['label']}: {reason}", cure, document)


def say_plan(result):
    """Print what a dry run says."""
    for number, step in enumerate(result.get("plan") or (), start=1):
        print(f"{number:>3}. {render.cell(step)}")
    render.answer(result.get("message"))


def _say_requested(document):
    operation, earlier = document["operation"], document.get("waits_for")
    render.details({key: document.get(key) for key in SHOWN})
    if earlier:
        render.note(
            f"This is written down and follows “{earlier['label']}”, which is "
            f"{earlier['state']}: saasctl operation show {earlier['id']} --wait"
        )
    elif operation:
        render.note(
            f"{operation['kind']} is {operation['state']}; to follow it: "
            f"saasctl operation show {operation['id']} --wait"
        )
    elif until := document.get("pending_until"):
        render.note(f"It begins once it is paid for; that is waited for until {until}.")
    else:
        render.note("There was nothing to do.")


def _say_done(document):
    render.details({key: document.get(key) for key in (*SHOWN, "seconds")})
