"""What visitors of a proxy that speaks TLS are shown, and until when they trust it."""

import socket
import ssl
from datetime import UTC, datetime
from typing import NamedTuple

from .errors import PermanentInfraError, RetryableInfraError

_CURE = (
    "`make up` renews the platform's own; for one that you were given: make up "
    "TLS_CERT=… TLS_KEY=…. Visitors are warned off until then."
)


class Front(NamedTuple):
    """Where a proxy is asked for tenants' addresses, and whom its visitors trust.

    :param tuple address: host and port
    :param tuple hosts: names of which a certificate must be
    :param ssl.SSLContext tls: whom they trust
    """

    address: tuple
    hosts: tuple
    tls: ssl.SSLContext


def certified_until(front, timeout=10.0):
    """Return when the first of the certificates ends.

    :param Front front: whom to ask for which hosts
    :param float timeout: seconds for each host
    :rtype: datetime|None
    :raise RetryableInfraError: where nobody answers
    :raise PermanentInfraError: where a certificate is refused, as one that has ended
    """
    return min((_ask(front, host, timeout) for host in front.hosts), default=None)


def _ask(front, host, timeout):
    try:
        with (
            socket.create_connection(front.address, timeout) as connection,
            front.tls.wrap_socket(connection, server_hostname=host) as secured,
        ):
            ends = secured.getpeercert()["notAfter"]
    except ssl.SSLCertVerificationError as error:
        raise PermanentInfraError(
            f"The certificate of {host} is refused: {error.verify_message}.", _CURE
        ) from error
    except OSError as error:
        where = "{}:{}".format(*front.address)
        raise RetryableInfraError(
            f"Nobody answers for {host} at {where} over TLS.",
            "Start the proxy, or read its log.",
        ) from error
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)
