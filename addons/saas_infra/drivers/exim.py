"""Logins of tenants at the mail relay: one file each, read anew for each mail."""

import fcntl
import hashlib
import os
import re
import smtplib
from contextlib import contextmanager
from pathlib import Path

from .errors import NotOurs, PermanentInfraError, RetryableInfraError
from .specs import MailLoginState, Mark

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_ADDRESS = re.compile(r"[a-z0-9_-]{1,63}@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*")
_FIELDS = ("mark", "password", "limit", "enabled", "address", "sender")


class EximDriver:
    """The mail relay of this machine.

    :param str logins_dir: where the files lie; Exim's user reads them by their group
    :param str host: where the relay listens
    :param int port: its port
    :param str platform: UUID of this platform
    :param float timeout: seconds for a conversation with it
    """

    def __init__(self, *, logins_dir, host, port, platform, timeout=10.0):
        self._logins = Path(logins_dir)
        self._address = host, port
        self._platform = platform
        self._timeout = timeout

    def check(self):
        """Make sure that the relay answers, and that its logins can be read.

        :raise InfraError: where it does not
        """
        try:
            with smtplib.SMTP(*self._address, timeout=self._timeout) as client:
                code, _ = client.ehlo()
        except (OSError, smtplib.SMTPException) as error:
            raise RetryableInfraError(
                f"The mail relay at {self._address[0]}:{self._address[1]} does not "
                f"answer: {error}.",
                cure="Run `make doctor`.",
            ) from error
        if code != 250:
            raise PermanentInfraError(f"What listens there is no mail relay: {code}.")
        self._files()

    def ensure_login(self, spec):
        """Have the login with just these rights, from the next mail on.

        :param MailLoginSpec spec: the login
        :raise NotOurs: where its name belongs to another instance
        """
        text = _render(spec)
        with self._alone():
            path, before = self._own(spec)
            if before == text:
                return
            aside = path.with_suffix(".new")
            try:
                with open(aside, "w") as file:
                    os.fchmod(file.fileno(), 0o640)
                    file.write(text)
                aside.rename(path)
            except OSError as error:
                raise _unusable(path, error) from error

    def remove_login(self, spec):
        """Remove the login; whoever has it open sends nothing more.

        :raise NotOurs: where it carries another mark
        """
        with self._alone():
            path, _ = self._own(spec)
            path.unlink(missing_ok=True)

    def list_logins(self):
        """List the logins of this platform.

        :rtype: dict[str, MailLoginState]
        """
        found = {}
        for path in self._files():
            try:
                mark, values = _read(path.read_text())
            except FileNotFoundError:  # It was removed meanwhile.
                continue
            if mark and mark.platform == self._platform:
                found[path.name] = MailLoginState(
                    name=path.name,
                    mark=mark,
                    sender=values["sender"],
                    daily_limit=int(values["limit"]),
                    enabled=values["enabled"] == "yes",
                )
        return found

    @contextmanager
    def _alone(self):
        """Keep others out: operations beside each other may write the same login."""
        try:
            handle = os.open(self._logins, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise _unusable(self._logins, error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _files(self):
        try:
            # A folder that is not there has no files either: ask for it first.
            self._logins.stat()
            return [p for p in sorted(self._logins.iterdir()) if p.suffix != ".new"]
        except OSError as error:
            raise _unusable(self._logins, error) from error

    def _own(self, spec):
        """Look a login up.

        :return: its path, and what it says or None
        """
        if not _NAME.fullmatch(spec.name):
            raise PermanentInfraError(f"{spec.name!r} is no name of a login.")
        path = self._logins / spec.name
        try:
            text = path.read_text()
        except FileNotFoundError:
            return path, None
        except OSError as error:
            raise _unusable(path, error) from error
        if _read(text)[0] != spec.mark:
            raise NotOurs(f"The login {spec.name} exists and is not this instance's.")
        return path, text


def _render(spec):
    """Write a login down: its password as a digest, as it is long and by chance."""
    fits = (
        _ADDRESS.fullmatch(spec.address)
        and _ADDRESS.fullmatch(spec.sender)
        and spec.password
        and type(spec.daily_limit) is int
        and spec.daily_limit >= 0
    )
    if not fits:
        raise PermanentInfraError(f"The login {spec.name} cannot be written: {spec}.")
    values = (
        spec.mark,
        hashlib.sha256(spec.password.encode()).hexdigest(),
        spec.daily_limit,
        "yes" if spec.enabled else "no",
        spec.address,
        spec.sender,
    )
    pairs = zip(_FIELDS, values, strict=True)
    return "".join(f"{key}={value}\n" for key, value in pairs)


def _read(text):
    """Read a login's file.

    :return: its mark, None where it is none of ours, and its values
    """
    values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    mark = Mark.parse(values.get("mark"))
    return (mark, values) if set(values) == set(_FIELDS) else (None, {})


def _unusable(path, error):
    return PermanentInfraError(
        f"{path} cannot be used: {error.strerror}.", cure="Run `make doctor`."
    )
