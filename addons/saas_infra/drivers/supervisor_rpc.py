"""supervisor's XML-RPC over its unix socket, with a time-out and the tree of errors."""

import http.client
import socket
import xmlrpc.client
from contextlib import contextmanager

from supervisor.xmlrpc import Faults, SupervisorTransport

from .errors import PermanentInfraError, RetryableInfraError

_CURE = "Run `make up`: it starts what does not run."
# A program that is just started anew takes no signal for a moment.
_PASSING = (Faults.SHUTDOWN_STATE, Faults.STILL_RUNNING, Faults.NOT_RUNNING)


class _Connection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Supervisor:
    """One supervisor.

    :param str path: its socket
    :param float timeout: seconds that one call may take
    """

    def __init__(self, path, timeout):
        self._path, self._timeout = str(path), timeout

    def call(self, method, *arguments, ignore=()):
        """Call a method of supervisor's own interface.

        :param tuple ignore: codes of faults that mean that it is so already
        :return: the answer, None for an ignored fault
        :raise InfraError: where it does not answer, or refuses
        """
        with self._connected() as server:
            try:
                return getattr(server.supervisor, method)(*arguments)
            except xmlrpc.client.Fault as fault:
                if fault.faultCode in ignore:
                    return None
                raise _refusal(method, fault) from fault

    @contextmanager
    def _connected(self):
        transport = SupervisorTransport(None, None, f"unix://{self._path}")
        transport._get_connection = lambda: _Connection(self._path, self._timeout)
        with xmlrpc.client.ServerProxy("http://localhost", transport) as server:
            try:
                yield server
            except PermissionError as error:
                raise PermanentInfraError(
                    f"{self._path} may not be used by this user.",
                    cure="Run `make doctor`.",
                ) from error
            except (OSError, http.client.HTTPException) as error:
                raise RetryableInfraError(
                    f"The supervisor at {self._path} does not answer: {error}.", _CURE
                ) from error
            except xmlrpc.client.ProtocolError as error:
                raise PermanentInfraError(
                    f"The supervisor at {self._path} refuses: {error.errmsg}."
                ) from error


def _refusal(method, fault):
    text = f"supervisor refuses {method}: {fault.faultString}"
    if fault.faultCode in _PASSING:
        return RetryableInfraError(text, _CURE)
    return PermanentInfraError(text, cure="Look at the supervisor's log.")
