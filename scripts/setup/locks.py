"""One at a time: a second run waits, or is refused.

Only root may open a lock's file: whoever can read it could hold the lock for ever.
"""

import contextlib
import fcntl
import os


@contextlib.contextmanager
def waiting(path):
    """Let one run in at a time; the next one waits for its end.

    :param path: the lock's file
    """
    with _opened(path) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def refusing(path, failure):
    """Let one run in; another one meanwhile is refused.

    :param path: the lock's file
    :param Failure failure: what the other one is told
    """
    with _opened(path) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise failure from error
        yield


@contextlib.contextmanager
def _opened(path):
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
        yield descriptor
    finally:
        os.close(descriptor)
