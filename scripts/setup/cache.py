"""What is built once per machine, shared by all its platforms."""

import contextlib
import fcntl


@contextlib.contextmanager
def exclusive(folder):
    """Let one set-up build at a time; a second one waits and finds it done.

    :param Path folder: the cache
    """
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
