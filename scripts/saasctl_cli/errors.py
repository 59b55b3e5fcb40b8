"""What can go wrong, and the exit code that tells it to scripts."""

DONE, FAILED, WRONG_USAGE, NOT_FOUND, REFUSED = range(5)
INTERRUPTED = 130  # what shells expect of a program that Ctrl-C ended


class SaasctlError(Exception):
    """Something that a person can understand and mend."""

    code = FAILED
    name = "failed"

    def __init__(self, message, cure="", document=None):
        """Remember what happened and how to mend it.

        :param str message: what happened, in words
        :param str cure: what to do about it, as a command where there is one
        :param dict document: what is known all the same, for `--json`
        """
        super().__init__(message)
        self.message = message
        self.cure = cure
        self.document = document or {}

    def as_line(self):
        """Return the message and its cure as one line."""
        message = " ".join(self.message.split())
        return f"{message.rstrip('.')}: {self.cure}" if self.cure else message

    def as_document(self):
        """Return the one document that `--json` prints instead of an answer."""
        error = {"name": self.name, "code": self.code, "message": self.message}
        if self.cure:
            error["cure"] = self.cure
        return {**self.document, "error": error}


class Failed(SaasctlError):
    """The platform tried and did not succeed."""


class Unreachable(SaasctlError):
    """The master does not answer; asking again may help."""

    name = "unreachable"


class BadAnswer(SaasctlError):
    """What answers is not a master of this release."""

    name = "bad_answer"


class WrongUsage(SaasctlError):
    """The command, its options or its settings are wrong."""

    code = WRONG_USAGE
    name = "wrong_usage"


class NotFound(SaasctlError):
    """What the command names does not exist."""

    code = NOT_FOUND
    name = "not_found"


class Refused(SaasctlError):
    """The platform, or saasctl for the key's sake, says no."""

    code = REFUSED
    name = "refused"


class Interrupted(SaasctlError):
    """A person pressed Ctrl-C."""

    code = INTERRUPTED
    name = "interrupted"
