"""Wait for an operation, or for the answer to an inquiry, and never for ever."""

import itertools
import time

from .errors import Failed, Interrupted, Unreachable
from .progress import progress_view

FINISHED = {"done", "failed", "discarded"}
OPERATION_SECONDS = 900
INQUIRY_SECONDS = 30
# A scheduled action opens within two minutes what an operation's end did not.
OPENED_SECONDS = 150
# The master may be restarted while an operation goes on: `jobs` runs it, not `web`.
PATIENCE_SECONDS = 30


def follow_operation(client, operation, limit):
    """Show an operation's steps until it ends.

    :param Client client: the master
    :param int operation: the operation's id
    :param float limit: seconds to wait at most
    :return: what operation_show says at the end
    :raise Failed: if it has not ended within the limit
    :raise Interrupted: on Ctrl-C; the operation goes on
    """
    cure = f"it goes on; saasctl operation show {operation} --wait"
    known = {"operation": {"id": operation}}
    try:
        with progress_view() as view:
            asked = ("operation_show", {"operation": operation})
            for state in _polls(client, view, limit, *asked):
                view.show(state)
                if state["state"] in FINISHED:
                    return state
    except KeyboardInterrupt as error:
        raise Interrupted("no longer waiting", cure, known) from error
    raise Failed(f"not ended within {limit:g} s", cure, known)


def follow_what_waits(client, earlier, ref, limit):
    """Follow an operation to its end, then the one that had to wait for that.

    :param Client client: the master
    :param int earlier: the operation that is under way, by its id
    :param str ref: the instance of both
    :param float limit: seconds to wait at most
    :return: what operation_show says at the end of the last one that there is
    :raise Failed: if nothing ended, or nothing began, within the limit
    """
    deadline = time.monotonic() + limit
    ended = follow_operation(client, earlier, limit)
    with progress_view() as view:
        patience = min(OPENED_SECONDS, deadline - time.monotonic())
        for instance in _polls(client, view, patience, "instance_show", {"ref": ref}):
            last = instance["operation"]["id"]
            if last != earlier:
                break
            # After a creation that failed nothing comes: people retry or discard it.
            if instance["provisioning_status"] != "ready":
                return ended
        else:
            raise Failed(
                "what had to wait has not begun",
                f"saasctl operation list --instance {ref}",
                {"operation": ended},
            )
    return follow_operation(client, last, deadline - time.monotonic())


def ask(client, inquiry, limit):
    """Return the answer of `jobs` to an inquiry.

    :param Client client: the master
    :param inquiry: id of the inquiry
    :param float limit: seconds to wait at most
    :return: what inquiry_show says once it is done
    :raise Failed: if the inquiry failed, or nobody answered it
    """
    deadline = time.monotonic() + limit
    for pause in _pauses():
        state = client.call("inquiry_show", inquiry=inquiry)
        if state["state"] == "failed":
            raise Failed(state.get("message") or "the platform could not answer")
        if state["state"] == "done":
            return state
        if time.monotonic() > deadline:
            break
        time.sleep(pause)
    raise Failed(f"the service jobs gave no answer within {limit:g} s", "make doctor")


def _polls(client, view, limit, method, arguments):
    """Yield what a method answers again and again, through a restart of the master."""
    now = time.monotonic()
    deadline, answered = now + limit, now
    for pause in _pauses():
        try:
            state = client.call(method, **arguments)
        except Unreachable as error:
            if time.monotonic() - answered > PATIENCE_SECONDS:
                raise
            view.note(f"still waiting: {error.message}")
            pause = max(pause, 0.5)
        else:
            answered = time.monotonic()
            yield state
        if time.monotonic() > deadline:
            return
        time.sleep(pause)


def _pauses():
    """Yield seconds between two questions: 5 s of close watching, then less often."""
    yield from itertools.repeat(0.1, 50)
    yield from itertools.repeat(0.5, 110)
    yield from itertools.repeat(2)
