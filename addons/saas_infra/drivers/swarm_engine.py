"""Calls of a Swarm manager's engine: every one with a time-out, each failure in words.

The address is ``unix:///path``, ``tcp://host:port`` with certificates, or
``ssh://user@host:port`` with keys.
"""

import http.client
import re
from contextlib import contextmanager

import paramiko
import requests
import urllib3
from docker import APIClient
from docker.errors import APIError, DockerException

from . import ssh, swarm_ssh, swarm_tls
from .errors import NotFound, PermanentInfraError, RetryableInfraError

_WITHOUT_ANSWER = (
    requests.exceptions.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    paramiko.SSHException,
    OSError,
)
_ADDRESS = rf"unix:///[^\s?#]+|tcp://{ssh.HOST}:[0-9]{{1,5}}|{ssh.ADDRESS}"


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
        check_address(address)
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
        self._client = self._tls_files = None

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
        tls, adapter = False, None
        if self._certificates:
            self._tls_files = swarm_tls.TlsFiles(self._certificates, self._address)
            tls = self._tls_files.make_config()
        if self._ssh:
            adapter = swarm_ssh.SshAdapter(self._address, self._ssh, self._timeout)
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
                "Check the address.",
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
        found = None
        if self._ssh:
            found = ssh.explain(error, self._address, self._ssh)
        elif self._tls_files:
            found = self._tls_files.explain(error)
        return found or RetryableInfraError(
            f"The Docker engine at {self._address} does not answer.",
            "Check that dockerd runs there and that this machine may connect to it.",
        )


def check_address(address):
    """Refuse what is no address of an engine.

    :raise PermanentInfraError: with those that there are
    """
    if not re.fullmatch(_ADDRESS, address):
        raise PermanentInfraError(
            f"{address} is no address of a Docker engine.",
            "Write unix:///path, tcp://host:port or ssh://user@host:port.",
        )
