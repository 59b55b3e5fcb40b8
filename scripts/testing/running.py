"""Run suites, one of them beside the others: there are two cores."""

import contextlib
import os
import pwd
import signal
import subprocess
import tempfile

from ..setup.commands import MINIMAL

LIMIT_SECONDS = 7200  # all journeys take more than an hour
# What fixtures of real servers need to end them.
ENDING_SECONDS = 90


def run(suite, results):
    """Run a suite with its output as it comes, and count what it did."""
    _print_title(suite)
    _finish(suite, _start(suite), results)


@contextlib.contextmanager
def beside(suite, results):
    """Run a suite while others run; its output is shown when both have ended."""
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        process = _start(suite, output)
        try:
            yield
        finally:
            _print_title(suite)
            _finish(suite, process, results)
            output.seek(0)
            print(output.read(), flush=True)


def _start(suite, output=None):
    identity = {}
    if suite.user:
        entry = pwd.getpwnam(suite.user)
        groups = os.getgrouplist(suite.user, entry.pw_gid)
        identity = {"user": suite.user, "group": entry.pw_gid, "extra_groups": groups}
    return subprocess.Popen(
        [str(word) for word in suite.command],
        env=MINIMAL | {"PYTHONDONTWRITEBYTECODE": "1"} | suite.environment,
        cwd=suite.folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output and subprocess.STDOUT,
        start_new_session=True,
        **identity,
    )


def _finish(suite, process, results):
    """Wait for a suite; one that hangs is ended with all that it started."""
    try:
        code = process.wait(timeout=LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        code = 124
    finally:
        if process.poll() is None:
            _end(process)
    results.add_suite(suite.name, suite.report, code)


def _end(process):
    """Interrupt a suite, so that its fixtures end their servers; kill what stays."""
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=ENDING_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _print_title(suite):
    print(f"\n== {suite.name}", flush=True)
