"""The way to the root helper: what needs root for another user's files."""

import json
import os
import signal
import subprocess
from contextlib import suppress

from . import errors

_KINDS = {
    "Permanent": errors.PermanentInfraError,
    "Retryable": errors.RetryableInfraError,
    "NotOurs": errors.NotOurs,
    "NotFound": errors.NotFound,
}
CURE = "Run `make doctor` on the machine of the tenants."


class RootHelper:
    """Calls one closed verb of the root helper.

    :param tuple command: what starts the helper, ``sudo -n …/root-helper``
    :param float timeout: seconds that one call may take
    """

    def __init__(self, command, timeout=30.0):
        self._command = tuple(command)
        self._timeout = timeout

    def call(self, verb, *, timeout=None, **arguments):
        """Call a verb. Arguments travel on stdin: others could read a command line.

        :param str verb: one of the helper's verbs
        :param float|None timeout: seconds, where this call needs more
        :return: what the helper answers
        :rtype: dict
        :raise InfraError: what the helper says, by its kind
        """
        timeout = timeout or self._timeout
        request = {"verb": verb, "arguments": arguments, "seconds": 0.9 * timeout}
        try:
            output, said = self._run(json.dumps(request), timeout)
        except TimeoutError as error:
            raise errors.RetryableInfraError(
                f"The root helper took longer than {timeout:g} s for {verb}."
            ) from error
        except OSError as error:
            raise errors.PermanentInfraError(
                f"The root helper cannot be started: {error}.", CURE
            ) from error
        try:
            answer = json.loads(output)
        except ValueError as error:
            lines = said.strip().splitlines() or ["nothing"]
            raise errors.PermanentInfraError(
                f"The root helper gave no answer; it said: {lines[-1][:200]}", CURE
            ) from error
        if not answer.pop("ok"):
            raise _KINDS[answer["error"]](answer["message"], answer["cure"])
        return answer

    def _run(self, request, timeout):
        """Hand a request over.

        :return: what the helper answers, and what it says beside that
        :raise TimeoutError: where it takes longer
        """
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            self._command,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
            cwd="/",
            process_group=0,
        )
        try:
            return process.communicate(request, timeout)
        except subprocess.TimeoutExpired as error:
            # With what it started: a copy would go on until the disk is full. What sudo
            # started is root's: it cannot be killed from here and ends by itself; to
            # wait for it would take away the time-out.
            with suppress(PermissionError, ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise TimeoutError from error
        finally:
            for stream in (process.stdin, process.stdout, process.stderr):
                with suppress(OSError):
                    stream.close()
