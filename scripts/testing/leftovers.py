"""Processes that tests leave behind fail the run: they hold ports of the next one."""

import ctypes
import os

from ..setup import processes, supervisors

PR_SET_CHILD_SUBREAPER = 36


def adopt():
    """Become the parent of every process that loses its own below this one."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end(settings, results):
    """End what suites left running, and say so.

    :param Results results: what the complaint goes to
    """
    planes = {supervisors.pid_of(settings, plane) for plane in supervisors.PROGRAMS}
    ours = processes.servers(settings.run) | planes
    left = processes.descendants({os.getpid()}) - ours
    living = {pid for pid in left if processes.is_alive(pid)}
    if living:
        words = ", ".join(
            processes.command_of(pid) or f"[{processes.name_of(pid)}]"
            for pid in sorted(living)
        )
        results.complain(f"left running by tests: {words}")
        processes.end(living)
