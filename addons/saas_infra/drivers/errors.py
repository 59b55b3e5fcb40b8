"""One tree of errors for everything that a driver may meet outside."""


class InfraError(Exception):
    """Something outside did not do what was asked.

    :param str message: what went wrong, in words that staff can read
    :param str cure: what a person can do about it; empty where nothing is known
    """

    def __init__(self, message, cure=""):
        # What a stranger's server said may hold what no database keeps.
        message = message.replace("\0", "")
        super().__init__(message)
        self.message = message
        self.cure = cure

    def __str__(self):
        return f"{self.message} {self.cure}".strip()

    def __reduce__(self):
        return type(self), (self.message, self.cure)


class RetryableInfraError(InfraError):
    """It may work in a moment: refused connection, time-out, object in use."""


class PermanentInfraError(InfraError):
    """Trying again changes nothing: bad credentials, disk full, not permitted."""


class NotOurs(PermanentInfraError):
    """An object of that name exists and carries another mark, or none."""


class NotFound(PermanentInfraError):
    """What was named is not there."""


class NoCapacity(PermanentInfraError):
    """There is no room."""
