"""Talk to a tenant's Odoo: wait for it, sign people in, give it commands."""

import base64
import hashlib
import json
import secrets
import socket
import ssl
import time
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from threading import Timer

from nacl.signing import SigningKey

from .errors import NotFound, PermanentInfraError, RetryableInfraError

SECRET_HEADER = "X-SaaSOdoo-Secret"
# What tenants are told that we speak; see PROTOCOL of saas_tenant.
PROTOCOL = 1
LIFE = 60  # seconds; the tenant accepts no token that lives longer
POLL = 0.02  # seconds between two looks
MAX_ANSWER = 1 << 20  # bytes


class TenantClient:
    """One tenant, reached at an address of its own or through the proxy.

    :param address: host and port to connect to
    :param host: what the browser would have in its address bar
    :param secret: what the proxy adds to each request; empty when it stands between
    :param sign_key: the platform's Ed25519 key, or its 32 bytes; may be missing where
        nothing is signed
    :param instance: UUID of the instance, the audience of what is signed
    :param platform: UUID of the platform, its issuer
    :param ssl.SSLContext|None tls: for a proxy that speaks TLS: whom to trust
    :param timeout: seconds that one request may take, its answer included
    """

    def __init__(
        self,
        *,
        address,
        host,
        secret="",
        sign_key=None,
        instance="",
        platform="",
        tls=None,
        timeout=10.0,
    ):
        self.address = address
        self.tls = tls
        self.host = host
        self.instance = instance
        self.platform = platform
        self.timeout = timeout
        self._key = SigningKey(sign_key) if isinstance(sign_key, bytes) else sign_key
        self._headers = {"Host": host}
        if secret:
            self._headers[SECRET_HEADER] = secret

    def __repr__(self):
        return "TenantClient({} at {}:{})".format(self.host, *self.address)

    def wait_healthy(self, deadline):
        """Wait until the process answers.

        :param deadline: seconds to wait at most
        :return: the seconds that it took
        :raise RetryableInfraError: it did not
        """
        return self._wait("/web/health", deadline)

    def wait_login(self, deadline):
        """Wait until people can sign in.

        :param deadline: seconds to wait at most
        :return: the seconds that it took
        :raise RetryableInfraError: they cannot
        """
        return self._wait("/web/login", deadline)

    def command(self, name, /, **values):
        """Have the tenant do something.

        :param name: of the command, such as `setup`
        :param values: what it needs
        :return: what it answers
        :raise RetryableInfraError: the tenant is not there, or failed
        :raise PermanentInfraError: it refuses
        """
        body = json.dumps(values).encode()
        token = self._sign(f"command:{name}", sha=hashlib.sha256(body).hexdigest())
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
        }
        path = f"/saas/command/{name}"
        with self._request("POST", path, body=body, headers=headers) as answer:
            content = self._content(answer)
        return self._read(name, answer.status, content)

    def login_token(self, user, *, actor="", life=LIFE):
        """Sign a token that lets somebody in once.

        The browser posts it as field `token` to /saas/login.

        :param user: `owner` or `support`
        :param actor: who asked, for the tenant's log
        :param life: seconds that it may be used
        """
        return self._sign("login", life=life, usr=user, act=actor)

    def _sign(self, subject, *, life=LIFE, **claims):
        if self._key is None:
            raise PermanentInfraError(
                "This service holds no signing key.", "Only the jobs service signs."
            )
        now = int(time.time())
        claims |= {
            "iss": self.platform,
            "aud": self.instance,
            "sub": subject,
            "ver": PROTOCOL,
            "iat": now,
            "exp": now + min(int(life), LIFE),
            "jti": secrets.token_urlsafe(24),
        }
        payload = encode(json.dumps(claims).encode())
        return f"{payload}.{encode(self._key.sign(payload.encode()).signature)}"

    @contextmanager
    def _request(self, method, path, *, timeout=None, body=None, headers=None):
        """Ask; all of it ends in time, however slowly a stranger answers."""
        timeout = min(timeout or self.timeout, self.timeout)
        late = RetryableInfraError(f"{self.host} did not answer in time.")
        deadline = time.monotonic() + timeout
        with closing(HTTPConnection(*self.address, timeout=timeout)) as connection:
            try:
                connected = self._connect(connection)
                with hung_up(connected, deadline):
                    if self.tls:
                        connected.do_handshake()
                    headers = self._headers | (headers or {})
                    connection.request(method, path, body, headers)
                    yield connection.getresponse()
            except TimeoutError as error:
                raise late from error
            except ssl.SSLCertVerificationError as error:
                raise PermanentInfraError(
                    f"The certificate of {self.host} is refused: "
                    f"{error.verify_message}.",
                    "Renew it, or give the proxy the certificate of its authority.",
                ) from error
            except (OSError, HTTPException) as error:
                if time.monotonic() >= deadline:
                    raise late from error
                raise RetryableInfraError(f"{self.host} cannot be reached.") from error
        if time.monotonic() >= deadline:
            raise late

    def _connect(self, connection):
        """Connect; a proxy will have to show that it is the address's.

        :return: the socket, before the first word on it
        """
        connection.connect()
        if self.tls:
            connection.sock = self.tls.wrap_socket(
                connection.sock,
                server_hostname=self.host,
                do_handshake_on_connect=False,
            )
        return connection.sock

    def _content(self, answer):
        """Read a JSON object, in bounds."""
        text = answer.read(MAX_ANSWER + 1)
        if len(text) > MAX_ANSWER:
            raise PermanentInfraError(f"{self.host} does not stop answering.")
        try:
            content = json.loads(text)
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    def _wait(self, path, deadline):
        started = time.monotonic()
        last = ""
        while (left := started + deadline - time.monotonic()) > 0:
            try:
                self._knock(left)
                with self._request("GET", path, timeout=left) as answer:
                    status = answer.status
                if status == 200:
                    return time.monotonic() - started
                last = f"the last answer was {status}"
            except RetryableInfraError as error:
                # The last try is cut short by our own deadline: it tells little.
                if not last or time.monotonic() < started + deadline:
                    last = error.message
            time.sleep(POLL)
        raise RetryableInfraError(
            f"{self.host}{path} was not ready after {deadline:g} seconds: "
            + (last or "nothing was tried"),
            "Its log tells why.",
        )

    def _knock(self, left):
        """Connect and hang up: a whole request each time would slow the boot down."""
        try:
            socket.create_connection(self.address, min(left, self.timeout)).close()
        except OSError as error:
            raise RetryableInfraError(f"{self.host} cannot be reached.") from error

    def _read(self, name, status, content):
        """Take the result out of the answer to a command."""
        if status == 200 and "result" in content:
            return content["result"]
        said = str(content.get("error") or "no reason given")[:300]
        message = f"{self.host} answered {status} to command {name}: {said}"
        if status == 404:
            raise NotFound(message, "Its release may be too old.")
        if status == 403:
            raise PermanentInfraError(
                message, "Compare the keys and the clocks of both sides."
            )
        if status == 422:
            raise PermanentInfraError(message)
        raise RetryableInfraError(message)


@contextmanager
def hung_up(connected, deadline):
    """Hang up at a deadline: a socket's own time-out begins anew with each byte.

    :param socket.socket connected: to whoever may answer slowly
    :param float deadline: on the monotonic clock, in seconds
    """

    def hang_up():
        with suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)

    timer = Timer(max(0, deadline - time.monotonic()), hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def encode(data):
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
