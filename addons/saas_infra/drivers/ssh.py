"""Another machine behind SSH: our own key, and a host key that is known before."""

import io
import re
from typing import NamedTuple
from urllib.parse import urlparse

import paramiko

from .errors import PermanentInfraError

PORT = 22
# A quiet line is asked whether it lives, before a firewall forgets it.
KEEPALIVE = 15
HOST = r"(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])"
ADDRESS = rf"ssh://[a-z_][a-z0-9_.-]*@{HOST}(?::[0-9]{{1,5}})?"


class SshLogin(NamedTuple):
    """Who we are there, and who it is.

    :param str key: private key, the text of an OpenSSH file without passphrase
    :param str host_key: ``ssh-ed25519 AAAA…``, as ``ssh-keyscan`` prints it
    """

    key: str
    host_key: str


def check_address(address):
    """Refuse what is no address of SSH.

    :raise PermanentInfraError: with the form of one
    """
    if not re.fullmatch(ADDRESS, address):
        raise PermanentInfraError(
            f"{address} is no address of SSH.", "Write ssh://user@host:port."
        )


def make_client(address, login, timeout):
    """Make a client that trusts one host key, and what its ``connect`` takes.

    Nothing of whoever runs this process is used: no agent, no file.

    :param str address: ``ssh://user@host:port``
    :param SshLogin login: what both sides show
    :param float timeout: seconds for each part of a connection
    :rtype: tuple[paramiko.SSHClient, dict]
    :raise PermanentInfraError: where one of the keys cannot be read
    """
    place = urlparse(address)
    port = place.port or PORT
    name = place.hostname if port == PORT else f"[{place.hostname}]:{port}"
    known = _read_host_key(address, name, login.host_key)
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.get_host_keys().add(name, known.get_name(), known)
    return client, {
        "hostname": place.hostname,
        "port": port,
        "username": place.username,
        "pkey": _read_key(address, login.key),
        "allow_agent": False,
        "look_for_keys": False,
        "timeout": timeout,
        "banner_timeout": timeout,
        "auth_timeout": timeout,
    }


def keep_alive(client, timeout):
    """Have a client that is connected notice when the other side is gone."""
    transport = client.get_transport()
    transport.set_keepalive(KEEPALIVE)
    transport.channel_timeout = timeout


def explain(error, address, login):
    """Put a refusal into words.

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
        user, ours = urlparse(address).username, _read_key(address, login.key)
        return PermanentInfraError(
            f"{address} does not let this platform in.",
            f"Put its public key into authorized_keys of {user} there: "
            f"{ours.get_name()} {ours.get_base64()}",
        )
    return None


def _read_key(address, text):
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text))
        except (paramiko.SSHException, ValueError):
            continue
    raise PermanentInfraError(
        f"The SSH key for {address} cannot be read.",
        "Enter the text of an OpenSSH key file without a passphrase.",
    )


def _read_host_key(address, name, text):
    try:
        entry = paramiko.hostkeys.HostKeyEntry.from_line(f"{name} {text.strip()}")
    except (paramiko.SSHException, paramiko.hostkeys.InvalidHostKey):
        entry = None
    if not entry:
        raise PermanentInfraError(
            f"The host key of {address} cannot be read.",
            "Take a line of `ssh-keyscan HOST`, without the host's name in front.",
        )
    return entry.key
