"""One tree of errors for everything that Kill Bill may answer, or not answer.

Kill Bill refuses some business requests with status 500, so that its own code decides
and the status only where there is none.
"""

import re

# ErrorCode.java of killbill-api
_NOT_FOUND = {1081, 1082, 1083, 1084, 3002, 3003, 4006, 20001, 20002, 20003}
_EXISTS = {1014, 3000, 20000}
# A name that is taken comes as the database's own words, without a code.
_TAKEN = re.compile(r"duplicate key|duplicate entry|unique index", re.I)


class KillBillError(Exception):
    """Kill Bill did not do what was asked.

    :param str message: what went wrong, in words that staff can read
    :param str cure: what a person can do about it; empty where nothing is known
    :param int code: Kill Bill's own, where it gave one
    :param int status: of HTTP, where there was an answer
    """

    def __init__(self, message, cure="", *, code=None, status=None):
        super().__init__(message)
        self.message, self.cure = message, cure
        self.code, self.status = code, status

    def __str__(self):
        return f"{self.message} {self.cure}".strip()


class Unavailable(KillBillError):
    """It may work in a moment; what was asked may have been done all the same."""


class Refused(KillBillError):
    """Asking again changes nothing."""


class NotFound(Refused):
    """What was named is not there."""


class AlreadyExists(Refused):
    """The key is taken."""


class InvalidLogin(Refused):
    """The login, or the tenant's key and secret, are not Kill Bill's."""


def from_answer(status, fields):
    """Return the error that an answer tells.

    :param int status: of HTTP
    :param dict fields: what its JSON says; empty where it was none
    """
    code, said = fields.get("code"), fields.get("message") or ""
    known = {"code": code, "status": status}
    if status == 401:
        return InvalidLogin(
            "Kill Bill refuses the login, or the tenant's key and secret.",
            "Enter the login again: Catalogue, Kill Bill.",
            **known,
        )
    text = f"Kill Bill refuses: {said[:500] or f'HTTP {status}'}"
    if code in _EXISTS or (not code and _TAKEN.search(said)):
        return AlreadyExists(text, **known)
    if code in _NOT_FOUND or (not code and status == 404):
        return NotFound(text, **known)
    if not code and (status >= 500 or status in (408, 429)):
        cure = "Read Kill Bill's log, or try again."
        return Unavailable(f"Kill Bill failed: HTTP {status}.", cure, **known)
    return Refused(text, **known)
