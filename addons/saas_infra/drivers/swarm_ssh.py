"""A manager's engine behind SSH, by the SDK's own way through it."""

from docker.transport import SSHHTTPAdapter

from . import ssh


class SshAdapter(SSHHTTPAdapter):
    """The SDK's way through SSH, without the files of whoever runs this process.

    :param str address: ``ssh://user@host:port``
    :param SshLogin login: what both sides show
    :param float timeout: seconds for each part of a connection
    :raise PermanentInfraError: where one of the keys cannot be read
    """

    def __init__(self, address, login, timeout):
        self._address = address
        self._login = login
        self._timeout = timeout
        super().__init__(address, timeout=timeout)

    def _create_paramiko_client(self, base_url):
        self.ssh_client, self.ssh_params = ssh.make_client(
            base_url, self._login, self._timeout
        )

    def get_connection(self, url, proxies=None):
        # The SDK has a pool for each path, and each keeps a session open: a server
        # allows ten (MaxSessions).
        return super().get_connection(self._address, proxies)

    def _connect(self):  # pylint: disable=missing-return
        super()._connect()
        ssh.keep_alive(self.ssh_client, self._timeout)
