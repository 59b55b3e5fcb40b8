"""Talk to a supervisor over its unix socket."""

import http.client
import socket
import xmlrpc.client


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path, timeout):
        super().__init__()
        self._path = path
        self._timeout = timeout

    def make_connection(self, host):
        return _UnixConnection(self._path, self._timeout)


def connect(path, timeout=90.0):
    """Return supervisor's interface.

    :param Path path: its socket
    :param float timeout: seconds for one call; stopping a service takes its time
    """
    transport = _UnixTransport(str(path), timeout)
    return xmlrpc.client.ServerProxy("http://localhost", transport=transport).supervisor
