"""Read the request, run its verb, write the answer."""

import json
import os
import signal
import sys

from . import cephfs, checks, directories, processes, programs, settings, storages
from .errors import HelperError, Permanent, Retryable, from_os

VERBS = {
    "directory_ensure": directories.ensure,
    "directory_copy": directories.copy,
    "directory_remove": directories.remove,
    "directory_list": directories.list_all,
    "cephfs_ensure": cephfs.ensure,
    "cephfs_list": cephfs.list_all,
    "snapshot_make": cephfs.make_snapshot,
    "snapshots_list": cephfs.list_snapshots,
    "snapshots_remove": cephfs.remove_snapshots,
    "storage_look": storages.look,
    "storage_sentinel": directories.ensure_sentinel,
    "storage_fence": directories.set_fence,
    "program_write": programs.write,
    "program_keep_stopped": programs.keep_stopped,
    "program_remove": programs.remove,
    "program_list": programs.list_all,
    "end_processes": processes.end,
    "usage": processes.usage,
    "log_tail": processes.log_tail,
}
# Of a machine that has storages, and no tenants.
OF_STORAGES = ("directory_", "cephfs_", "snapshot", "storage_")
LONGEST_REQUEST = 1 << 20


def main(program):
    """Run the helper.

    :param Path program: its own path
    :return: the exit code; 0 whenever there is an answer
    """
    os.umask(0o077)
    try:
        answer = {"ok": True} | _run(program)
    except HelperError as error:
        answer = _refusal(error)
    except OSError as error:
        answer = _refusal(from_os(error))
    json.dump(answer, sys.stdout)
    return 0


def _run(program):
    if len(sys.argv) > 1:
        raise Permanent("The helper takes its request on stdin, and no arguments.")
    if os.geteuid():
        raise Permanent("The helper must run as root.", "See the sudo rule.")
    chosen = settings.read(program)
    try:
        request = json.loads(sys.stdin.buffer.read(LONGEST_REQUEST))
        verb, arguments = VERBS[request["verb"]], request["arguments"]
        seconds = request["seconds"]
    except (ValueError, KeyError, TypeError) as error:
        raise Permanent("No such verb.") from error
    if not chosen.programs_dir and not request["verb"].startswith(OF_STORAGES):
        raise Permanent("This machine has storages, and no tenants.")
    _bound(request["verb"], checks.seconds(seconds))
    try:
        return verb(chosen, **arguments) or {}
    except TypeError as error:
        raise Permanent(f"Wrong arguments: {error}.") from error


def _bound(verb, seconds):
    """Give up before the caller does: nobody else can end what runs as root."""

    def give_up(*_):
        raise Retryable(f"The root helper gave {verb} up after {seconds:g} s.")

    signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _refusal(error):
    return {
        "ok": False,
        "error": error.kind,
        "message": error.message,
        "cure": error.cure,
    }
