"""Run the parts of a set-up one after the other, and say how each went."""

import errno
import functools
import os
import sys
import threading
import time
import xmlrpc.client

HEARTBEAT_SECONDS = 5
FULL = {errno.ENOSPC, errno.EDQUOT}


class Failure(Exception):
    """Something that a person can put right.

    :param str message: what is wrong, one line
    :param str cure: what to do about it, one line
    """

    def __init__(self, message, cure=""):
        super().__init__(message)
        self.message = message
        self.cure = cure

    def __str__(self):
        return f"{self.message}. Cure: {self.cure}" if self.cure else self.message


class Report:
    """Print each part while it runs, and remember how long it took.

    :param out: where it is printed; stdout unless told
    """

    def __init__(self, out=None):
        self.rows = []
        self._print = functools.partial(print, file=out or sys.stdout, flush=True)
        self._started = time.monotonic()

    def step(self, name, part, *arguments):
        """Run one part.

        :param str name: what a person calls it
        :param part: a callable; what it returns is shown as its result
        :return: the result
        """
        self._print(f"{name:<24}", end="")
        started = time.monotonic()
        done = threading.Event()
        threading.Thread(target=self._show_life, args=(done,), daemon=True).start()
        try:
            result = part(*arguments)
        except BaseException:
            self._print(" failed")
            raise
        finally:
            done.set()
        seconds = time.monotonic() - started
        self.rows.append((name, seconds))
        self._print(f" {seconds:6.1f} s  {result or ''}")
        return result

    def print_table(self):
        """Print how long each part took."""
        self._print("\nSeconds per part")
        for name, seconds in self.rows:
            self._print(f"  {name:<24}{seconds:8.1f}")
        self._print(f"  {'all':<24}{time.monotonic() - self._started:8.1f}")

    def _show_life(self, done):
        while not done.wait(HEARTBEAT_SECONDS):
            self._print(".", end="")


def wait_for(condition, seconds, what, cure=""):
    """Wait until a condition holds.

    :param condition: a callable; true ends the waiting
    :param float seconds: how long at most
    :param str what: what is waited for, for the message
    :return: what the condition returned
    :raise Failure: when the time is over
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.1)
    raise Failure(f"{what} did not come up within {seconds:.0f} s", cure)


def main_guard(function):
    """Turn a failure into one line and exit code 1."""
    # What set-up makes is read by the users of the services, whatever root's mask is.
    os.umask(0o022)
    try:
        function()
    except (Failure, OSError, xmlrpc.client.Error) as error:
        print(f"\nerror: {as_failure(error)}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on from here", file=sys.stderr)
        sys.exit(130)


def as_failure(error):
    """Return any error that the machine can cause as one with a cure.

    :rtype: Failure
    """
    if isinstance(error, Failure):
        return error
    if isinstance(error, xmlrpc.client.Error):
        words = getattr(error, "faultString", "") or str(error)
        return Failure(f"a supervisor refused: {words}", "make doctor")
    place = f": {error.filename}" if error.filename else ""
    cure = "make room" if error.errno in FULL else "mend it"
    return Failure(
        f"{error.strerror or error}{place}",
        f"{cure}; the same command goes on from here",
    )
