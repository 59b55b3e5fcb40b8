"""Kill the jobs service while an operation is half done, and be sure that it was."""

import contextlib
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from outages import logs
from people import wait_until
from strangers import MASTER, role_of

ATTEMPTS = 5
PATIENCE = 150  # seconds until it begins: scheduled actions are looked at once a minute
POLL = 0.002
ACTIVE = ("queued", "running")
HALF_DONE = """
    SELECT o.id, o.state, EXISTS (
               SELECT FROM saas_operation_step s
                WHERE s.operation_id = o.id AND s.state = 'running'
                  AND s.sequence >= (SELECT count(*) FROM saas_operation_step
                                      WHERE operation_id = o.id) / 2)
      FROM saas_operation o
     WHERE o.id > %s AND o.kind = %s
     ORDER BY o.id LIMIT 1"""


def killed_operation(platform, kind, begin):
    """Have an operation begin, and kill `jobs` in the middle of it.

    Some take a moment only: one that was over before is done again.

    :param str kind: the playbook
    :param begin: prepares it each time; returns the call that asks for it
    :return: the operation's id
    """
    for _attempt in range(ATTEMPTS):
        operation = _kill_while(platform, kind, begin())
        if operation:
            return operation
    raise AssertionError(f"{kind} was over {ATTEMPTS} times before it could be killed")


def end_of(platform, operation, seconds=300):
    """Wait until an operation is over.

    :return: the operation
    """

    def ended():
        shown = platform.saasctl("operation", "show", operation)
        return None if shown["state"] in ACTIVE else shown

    return wait_until(ended, seconds=seconds)


def _kill_while(platform, kind, ask):
    """Watch for the operation before it is asked for.

    :return: its id, None where it was over or did not begin
    """
    role = role_of(platform, "postgres")
    [(last,)] = role.sql(MASTER, "SELECT coalesce(max(id), 0) FROM saas_operation")
    with ThreadPoolExecutor(1) as watcher:
        killed = watcher.submit(_kill_when_half_done, platform, role, kind, last)
        ask()
        return killed.result()


def _kill_when_half_done(platform, role, kind, last):
    pids = platform.jobs_processes()
    deadline = time.monotonic() + PATIENCE
    with role.connect(MASTER) as cursor:
        while time.monotonic() < deadline:
            cursor.execute(HALF_DONE, [last, kind])
            operation, state, half_done = cursor.fetchone() or (None, "", False)
            if half_done:
                _kill(pids)
                _expect_complaints(platform)
                _kill(platform.jobs_processes())  # what was started meanwhile
                cursor.execute(
                    "SELECT state FROM saas_operation WHERE id = %s", [operation]
                )
                return operation if cursor.fetchone() == ("running",) else None
            if operation and state not in ACTIVE:
                return None
            time.sleep(POLL)
    return None


def _expect_complaints(platform):
    """Expect that the queue names the job whose process died."""
    chosen = platform.settings
    pattern = r"queue_job\.jobrunner\.runner: Re-queued dead job"
    logs.excuse(chosen, time.time(), pattern, later=60)


def _kill(pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
