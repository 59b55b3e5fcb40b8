"""Calls of a Swarm manager's engine: every one with a time-out, each failure in words.

The address is ``unix:///path``, ``tcp://host:port`` with certificates, or
``ssh://user@host:port`` with keys.
"""

import http.client
from contextlib import contextmanager
from typing import NamedTuple

import paramiko
import requests
import urllib3
from docker import APIClient
from docker.errors import APIError, DockerException
from docker.tls import TLSConfig

from .errors import NotFound, PermanentInfraError, RetryableInfraError
from .swarm_ssh import SshAdapter

_WITHOUT_ANSWER = (
    requests.exceptions.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    paramiko.SSHException,
    OSError,
)
_SSH_REFUSALS = (paramiko.AuthenticationException, paramiko.BadHostKeyException)


class Certificates(NamedTuple):
    """Files for TLS: the authority of the engine's, and the platform's own."""

    authority: str
    certificate: str
    key: str


class OutOfSequence(RetryableInfraError):
    """The object has changed since it was read."""


class _Client(APIClient):
    def __init__(self, address, adapter=None, **values):
        self._given_adapter = adapter
        # The SDK's own adapter, which ours replaces, would connect as somebody else.
        super().__init__(address, use_ssh_client=bool(adapter), **values)

    def _retrieve_server_version(self):
        """Ask the engine, as the first call of all."""
        # No proxy and no authority of the environment lies between it and us.
        self.trust_env = False
        if self._given_adapter:
            self.mount(self.base_url, self._given_adapter)
        return super()._retrieve_server_version()


class Engine:
    """One manager of a swarm.

    :param str address: where its engine listens
    :param Certificates|None certificates: for an address of TCP
    :param SshLogin|None ssh: for an address of SSH
    :param float timeout: seconds for a call
    """

    def __init__(self, address, certificates=None, ssh=None, timeout=30.0):
        if address.startswith("tcp://") and not certificates:
            raise PermanentInfraError(
                f"The Docker engine at {address} would be open to everybody.",
                "Give the cluster a client certificate, or use its unix socket.",
            )
        self._address = address
        if address.startswith("ssh://") and not ssh:
            raise PermanentInfraError(
                f"Nobody knows how to log in at {address}.",
                "Give the cluster an SSH key, and the host key of that machine.",
            )
        self._certificates = certificates
        self._ssh = ssh
        self._timeout = timeout
        self._client = None

    def call(self, method, *arguments, **values):
        """Call a method of the SDK's client.

        :raise RetryableInfraError: without an answer, or where the object changed
        :raise NotFound: where there is no such object
        :raise PermanentInfraError: where the engine refuses
        """
        with self._explained():
            if not self._client:
                self._client = self._connect()
            return getattr(self._client, method)(*arguments, **values)

    def _connect(self):
        tls = False
        if given := self._certificates:
            tls = TLSConfig(
                client_cert=(given.certificate, given.key),
                ca_cert=given.authority,
                verify=True,
            )
        adapter = None
        if self._ssh:
            adapter = SshAdapter(self._address, self._ssh, self._timeout)
        return _Client(
            self._address, adapter, version="auto", timeout=self._timeout, tls=tls
        )

    @contextmanager
    def _explained(self):
        try:
            yield
        except APIError as error:
            raise self._refused(error) from None
        except DockerException as error:
            if isinstance(error.__cause__, APIError):
                raise self._refused(error.__cause__) from None
            if isinstance(error.__cause__, _WITHOUT_ANSWER):
                raise self._unanswered(error.__cause__) from None
            raise PermanentInfraError(
                f"The Docker engine at {self._address} cannot be used: {error}.",
                "Check the address and the files of the certificates.",
            ) from None
        except _WITHOUT_ANSWER as error:
            raise self._unanswered(error) from None

    def _refused(self, error):
        text = str(error.explanation or error).strip().rstrip(".")
        status = error.response.status_code if error.response is not None else 500
        if "out of sequence" in text:
            return OutOfSequence(f"It changed on {self._address} meanwhile.")
        if "not a swarm manager" in text:
            return PermanentInfraError(
                f"The Docker engine at {self._address} is no manager of a swarm.",
                "Run `docker swarm init` there, or name a manager.",
            )
        if status == 404:
            return NotFound(f"The Docker engine does not know it: {text}.")
        if status >= 500 or status == 409:
            return RetryableInfraError(
                f"The swarm of {self._address} did not do it: {text}.",
                "Look at `docker node ls`: most managers must be reachable.",
            )
        return PermanentInfraError(f"The Docker engine refuses: {text}.")

    def _unanswered(self, error):
        if isinstance(error, _SSH_REFUSALS) or "known_hosts" in str(error):
            return PermanentInfraError(
                f"SSH at {self._address} and this platform do not know each other's "
                "keys.",
                "Put the cluster's public key into authorized_keys there, and check "
                "the host key that the cluster has.",
            )
        if "certificate" in str(error).lower():
            return PermanentInfraError(
                f"The Docker engine at {self._address} and this platform do not "
                "trust each other's certificates.",
                "Check that both are of the same authority and have not expired.",
            )
        return RetryableInfraError(
            f"The Docker engine at {self._address} does not answer.",
            "Check that dockerd runs there and that this machine may connect to it.",
        )
