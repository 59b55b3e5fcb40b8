"""An engine behind TLS: its authority, our certificate and key, and what goes wrong."""

import os
import socket
import ssl
import weakref
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlparse

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from docker.tls import TLSConfig

from .errors import PermanentInfraError

PATIENCE = 2.0  # seconds
# What OpenSSL says, in small letters, and what it means here; the first that fits.
_TROUBLES = (
    (
        ("certificate has expired",),
        "The certificate of the Docker engine at {address} has expired.",
        "Renew it there, and start dockerd again.",
    ),
    (
        ("hostname mismatch", "ip address mismatch", "doesn't match", "not valid for"),
        "The certificate of the Docker engine at {address} is for another name.",
        "Issue it with this name or address as subjectAltName, or name the engine as "
        "its certificate does.",
    ),
    (
        ("verify failed",),
        "The certificate of the Docker engine at {address} was not signed by the "
        "authority that the cluster has.",
        "Enter the authority that signed it, and the key again.",
    ),
    (
        ("alert",),
        "The Docker engine at {address} refuses this platform's certificate.",
        "Have it signed, for client authentication, by the authority that dockerd "
        "trusts (--tlscacert), and enter it with its key.",
    ),
    (
        ("wrong version number", "http request"),
        "The Docker engine at {address} does not speak TLS.",
        "Start dockerd with --tlsverify: without it, it is open to everybody.",
    ),
    (
        ("certificate",),
        "The Docker engine at {address} and this platform do not trust each other's "
        "certificates.",
        "Check that both are of the same authority and have not expired.",
    ),
)


class Certificates(NamedTuple):
    """Texts (PEM): the authority of the engine's, and the platform's own with a key."""

    authority: str
    certificate: str
    key: str


def ends_at(certificate):
    """Return when a certificate ends.

    :param str certificate: PEM
    :rtype: datetime
    :return: in UTC, without a zone
    """
    found = x509.load_pem_x509_certificate(certificate.encode())
    return found.not_valid_after_utc.replace(tzinfo=None)


class TlsFiles:
    """What the SDK wants as files, in memory: a key has no business on a disk.

    :param Certificates given: the texts
    :param str address: of the engine, for messages
    :raise PermanentInfraError: where they cannot be used
    """

    def __init__(self, given, address):
        _check(given, address)
        self._address = address
        self._descriptors = [_keep(text) for text in given]
        for descriptor in self._descriptors:
            weakref.finalize(self, os.close, descriptor)

    def make_config(self):
        """Return what the SDK's client takes; it reads them as long as it lives."""
        authority, *ours = self._get_paths()
        return TLSConfig(client_cert=tuple(ours), ca_cert=authority, verify=True)

    def explain(self, error):
        """Put a failure of TLS into words.

        :rtype: PermanentInfraError | None
        """
        address = self._address
        return _explain(error, address) or _explain(self._listen(), address)

    def _listen(self):
        """Return why the engine hangs up on who says nothing.

        It refuses a certificate when the client has begun to talk, which may fail
        before the reason was read.
        """
        authority, *ours = self._get_paths()
        place = urlparse(self._address)
        there = place.hostname, place.port
        try:
            context = ssl.create_default_context(cafile=authority)
            context.load_cert_chain(*ours)
            with (
                socket.create_connection(there, PATIENCE) as line,
                context.wrap_socket(line, server_hostname=place.hostname) as talk,
            ):
                return talk.recv(1)
        except OSError as error:
            return error

    def _get_paths(self):
        return [f"/proc/self/fd/{number}" for number in self._descriptors]


def _explain(error, address):
    said = str(error).lower()
    for words, message, cure in _TROUBLES:
        if any(word in said for word in words):
            return PermanentInfraError(message.format(address=address), cure)
    return None


def _check(given, address):
    """Refuse what an engine would refuse with a word or without one."""
    with_key = "Enter the certificate together with its key, which has no passphrase."
    try:
        x509.load_pem_x509_certificates(given.authority.encode())
        certificate = x509.load_pem_x509_certificate(given.certificate.encode())
        key = load_pem_private_key(given.key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise PermanentInfraError(
            f"Certificate, key and authority for {address} cannot be read: not each "
            "of them is one in PEM.",
            with_key,
        ) from error
    if certificate.public_key() != key.public_key():
        raise PermanentInfraError(
            f"The key for {address} does not belong to the certificate.", with_key
        )
    ends = certificate.not_valid_after_utc
    if ends < datetime.now(UTC):
        raise PermanentInfraError(
            f"The certificate that this platform has for {address} expired on "
            f"{ends:%Y-%m-%d}.",
            "Have a new one signed by the same authority, and enter it with its key.",
        )


def _keep(text):
    descriptor = os.memfd_create("saasodoo-tls")
    with os.fdopen(os.dup(descriptor), "w") as file:
        file.write(text)
    return descriptor
