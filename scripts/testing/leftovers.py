"""Processes that tests leave behind fail the run: they hold ports of the next one."""

import ctypes
import os
import signal

from ..setup import processes, supervisors

PR_SET_CHILD_SUBREAPER = 36


def adopt():
    """Go on in a child of a process that adopts whoever loses its parent below it.

    It reaps them too, as the first process of a machine does: to a server that looks
    for its number, a process that nobody reaped is alive.

    :return: the process that adopts
    :rtype: int
    """
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    adopter = os.getpid()
    child = os.fork()
    if child:
        os._exit(_reap_until(child))
    return adopter


def _reap_until(child):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # A terminal interrupts the child too.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: os.kill(child, number))
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def end(settings, results, adopter):
    """End what suites left running, and say so.

    :param Results results: what the complaint goes to
    :param int adopter: the process above all suites
    """
    planes = {supervisors.pid_of(settings, plane) for plane in supervisors.PROGRAMS}
    ours = processes.servers(settings.run) | planes
    left = processes.descendants({adopter}) - {os.getpid()} - ours
    living = {pid for pid in left if processes.is_alive(pid)}
    if living:
        words = ", ".join(
            processes.command_of(pid) or f"[{processes.name_of(pid)}]"
            for pid in sorted(living)
        )
        results.complain(f"left running by tests: {words}")
        processes.end(living)
