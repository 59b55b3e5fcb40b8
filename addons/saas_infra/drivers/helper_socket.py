"""The root helper of this machine, called from a container: it has no sudo."""

import socket
import time

from .errors import RetryableInfraError
from .helper import CURE, RootHelper


class SocketHelper(RootHelper):
    """Calls one closed verb of the root helper that listens at a socket.

    :param str path: the socket; who may open it may call every verb
    :param float timeout: seconds that one call may take
    """

    def __init__(self, path, timeout=30.0):
        super().__init__((), timeout)
        self._path = path

    def _run(self, request, timeout):
        deadline = time.monotonic() + timeout
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(timeout)
            try:
                client.connect(self._path)
            except (FileNotFoundError, ConnectionRefusedError) as error:
                # So it is for a moment while its supervisor starts it anew.
                raise RetryableInfraError(
                    f"The root helper does not listen at {self._path}.", CURE
                ) from error
            client.sendall(request.encode())
            client.shutdown(socket.SHUT_WR)
            return _read_all(client, deadline), ""


def _read_all(client, deadline):
    chunks = []
    while not chunks or chunks[-1]:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        client.settimeout(left)
        chunks.append(client.recv(1 << 16))
    return b"".join(chunks).decode(errors="replace")
