"""The root helper of another machine, called over SSH."""

import paramiko

from . import ssh
from .errors import RetryableInfraError
from .helper import RootHelper

# What a machine runs for our key is said there, in authorized_keys.
COMMAND = "saasodoo-root-helper"
CONNECT = 15.0  # seconds


class SshHelper(RootHelper):
    """Calls one closed verb of a root helper elsewhere; its key can do nothing else.

    :param str address: ``ssh://user@host:port``
    :param SshLogin login: what both sides show
    :param float timeout: seconds that one call may take
    """

    def __init__(self, address, login, timeout=30.0):
        super().__init__((), timeout)
        self._address = address
        self._login = login
        self._client = None

    def _run(self, request, timeout):
        try:
            with self._connect().open_session(timeout=CONNECT) as channel:
                channel.settimeout(timeout)
                channel.exec_command(COMMAND)
                channel.sendall(request.encode())
                channel.shutdown_write()
                streams = channel.makefile("rb"), channel.makefile_stderr("rb")
                return [one.read().decode(errors="replace") for one in streams]
        except (paramiko.SSHException, OSError, EOFError) as error:
            self._client = None
            raise ssh.explain(error, self._address, self._login) or RetryableInfraError(
                f"{self._address} does not answer.",
                "Check that sshd runs there, and that this machine may connect to it.",
            ) from error

    def _connect(self):
        """Return the connection, made anew where the last one has ended."""
        transport = self._client and self._client.get_transport()
        if not (transport and transport.is_active()):
            client, values = ssh.make_client(self._address, self._login, CONNECT)
            client.connect(**values)
            ssh.keep_alive(client, CONNECT)
            self._client, transport = client, client.get_transport()
        return transport
