"""What PostgreSQL says, as an error of the tree."""

from .errors import PermanentInfraError, RetryableInfraError

_RETRYABLE_CLASSES = ("08", "40", "57")  # connection, rollback, shutdown or cancelled
_RETRYABLE = {
    "53300": "it has too many connections",
    "55006": "the object is in use by others",
    "55P03": "the object is locked",
}
_CURES = {
    "28": "Check the login and password of the database server.",
    "42501": "Give the admin login what set-up gives it: see `make doctor`.",
    "53100": "Free disk space on the database server.",
    "53200": "Give the database server more memory.",
}
# A refused connection carries no SQLSTATE: only its text tells the two kinds apart.
_REFUSED_FOR_GOOD = (
    "authentication failed",
    "no pg_hba.conf entry",
    "does not exist",
    "permission denied",
    "no password supplied",
    "is not permitted to log in",
    "not currently accepting connections",
)


def translate(error):
    """Turn an error of psycopg2 into one of the tree.

    Only the primary message is kept: the detail may quote a customer's data.

    :param psycopg2.Error error: what was raised
    :rtype: InfraError
    """
    code = error.pgcode or ""
    message = (error.diag.message_primary or str(error)).strip()
    text = f"PostgreSQL: {message}"
    if not code:
        return _translate_connection(text)
    if code in _RETRYABLE:
        return RetryableInfraError(text, cure=f"Try again: {_RETRYABLE[code]}.")
    if code[:2] in _RETRYABLE_CLASSES or "concurrently updated" in message:
        return RetryableInfraError(text)
    return PermanentInfraError(text, cure=_CURES.get(code) or _CURES.get(code[:2], ""))


def _translate_connection(text):
    if any(words in text for words in _REFUSED_FOR_GOOD):
        return PermanentInfraError(text, cure=_CURES["28"])
    return RetryableInfraError(text, cure="Check that the database server runs.")
