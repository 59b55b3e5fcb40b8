"""The helper's errors; ``kind`` names the driver's error on the other side."""

import errno
import os


class HelperError(Exception):
    kind = "Permanent"

    def __init__(self, message, cure=""):
        super().__init__(message)
        self.message = message
        self.cure = cure


class Permanent(HelperError):
    pass


class Retryable(HelperError):
    kind = "Retryable"


class NotOurs(HelperError):
    kind = "NotOurs"


class NotFound(HelperError):
    kind = "NotFound"


_IN_WORDS = {
    errno.ENOSPC: ("The disk is full", "Free space or add a storage."),
    errno.EDQUOT: ("The disk quota is used up", "Raise the quota of the storage."),
    errno.EROFS: ("The storage is read-only", "Mount it read-write: mount -o remount"),
}


def from_os(error):
    """Put an error of the operating system into words.

    :param OSError error: what was raised
    :rtype: HelperError
    """
    where = f": {error.filename}" if error.filename else ""
    message, cure = _IN_WORDS.get(error.errno, (error.strerror or str(error), ""))
    return Permanent(f"{message}{where}.", cure)


def from_output(text):
    """Put what a program said on stderr into words.

    :rtype: HelperError
    """
    # tar tells of a short write and not why; only a full disk makes one.
    text = text.replace("Wrote only", os.strerror(errno.ENOSPC))
    for number, (message, cure) in _IN_WORDS.items():
        if os.strerror(number) in text:
            return Permanent(f"{message}.", cure)
    lines = text.strip().splitlines() or ["It failed without a word."]
    return Retryable(lines[0][:300])
