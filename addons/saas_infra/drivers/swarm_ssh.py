"""A manager's engine behind SSH: our own key, and a host key that is known before."""

import io
from typing import NamedTuple
from urllib.parse import urlparse

import paramiko
from docker.transport import SSHHTTPAdapter

from .errors import PermanentInfraError

PORT = 22
# A quiet line is asked whether it lives, before a firewall forgets it.
KEEPALIVE = 15


class SshLogin(NamedTuple):
    """Who we are there, and who it is.

    :param str key: private key, the text of an OpenSSH file without passphrase
    :param str host_key: ``ssh-ed25519 AAAA…``, as ``ssh-keyscan`` prints it
    """

    key: str
    host_key: str


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
        place = urlparse(base_url)
        port = place.port or PORT
        name = place.hostname if port == PORT else f"[{place.hostname}]:{port}"
        known = _read_host_key(name, self._login.host_key)
        self.ssh_client = paramiko.SSHClient()
        self.ssh_client.set_missing_host_key_policy(paramiko.RejectPolicy())
        self.ssh_client.get_host_keys().add(name, known.get_name(), known)
        self.ssh_params = {
            "hostname": place.hostname,
            "port": port,
            "username": place.username,
            "pkey": _read_key(self._login.key),
            "allow_agent": False,
            "look_for_keys": False,
            "timeout": self._timeout,
            "banner_timeout": self._timeout,
            "auth_timeout": self._timeout,
        }

    def get_connection(self, url, proxies=None):
        # The SDK has a pool for each path, and each keeps a session open: a server
        # allows ten (MaxSessions).
        return super().get_connection(self._address, proxies)

    def _connect(self):  # pylint: disable=missing-return
        super()._connect()
        transport = self.ssh_client.get_transport()
        transport.set_keepalive(KEEPALIVE)
        transport.channel_timeout = self._timeout


def explain(error, address, login):
    """Put a failure of SSH into words.

    :param SshLogin login: what both sides were to show
    :rtype: PermanentInfraError | None
    """
    if isinstance(error, paramiko.BadHostKeyException):
        shown, known = error.key.fingerprint, error.expected_key.fingerprint
        return PermanentInfraError(
            f"The machine of {address} shows the host key {shown}, not the {known} "
            "that this platform knows.",
            "Was it installed anew? Then compare on it: ssh-keygen -lf "
            "/etc/ssh/ssh_host_ed25519_key.pub, and enter that host key and the key "
            "again. Else somebody stands in between.",
        )
    if isinstance(error, paramiko.AuthenticationException):
        user, ours = urlparse(address).username, _read_key(login.key)
        return PermanentInfraError(
            f"{address} does not let this platform in.",
            f"Put its public key into authorized_keys of {user} there: "
            f"{ours.get_name()} {ours.get_base64()}",
        )
    return None


def _read_key(text):
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text))
        except (paramiko.SSHException, ValueError):
            continue
    raise PermanentInfraError(
        "The SSH key of the cluster cannot be read.",
        "Give it the text of an OpenSSH key file without a passphrase.",
    )


def _read_host_key(name, text):
    try:
        entry = paramiko.hostkeys.HostKeyEntry.from_line(f"{name} {text.strip()}")
    except (paramiko.SSHException, paramiko.hostkeys.InvalidHostKey):
        entry = None
    if not entry:
        raise PermanentInfraError(
            "The SSH host key of the cluster cannot be read.",
            "Take a line of `ssh-keyscan HOST`, without the host's name in front.",
        )
    return entry.key
