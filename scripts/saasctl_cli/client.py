"""JSON-2: named arguments in, plain JSON out, errors as HTTP status and a name."""

import ipaddress
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from .errors import BadAnswer, Failed, NotFound, Refused, Unreachable, WrongUsage
from .listener import find_nameless

CONNECT_SECONDS, ANSWER_SECONDS = 5, 60
LOGIN_CURE = "sudo saasctl login, on the master's machine"
UNREACHABLE_STATUS = {502, 503, 504}  # the proxy answers, the master behind it not


class Client:
    """The remote methods of one master, called with one key."""

    def __init__(self, url, key, timeout=(CONNECT_SECONDS, ANSWER_SECONDS)):
        """Prepare the session; nothing is sent yet.

        :param str url: public address of the master
        :param str key: API key of the operators' user
        :param tuple timeout: seconds to connect, seconds to wait for an answer
        :raise WrongUsage: if the key would travel in clear over a network
        """
        self.url = url.rstrip("/")
        self._timeout = timeout
        self._session = requests.Session()
        self._session.auth = _Bearer(key)
        self._local_port = None
        if is_local(self.url):
            parts = urlsplit(self.url)
            self._local_port = parts.port or {"https": 443}.get(parts.scheme, 80)
            # A proxy of the environment cannot reach this machine's loopback.
            self._session.trust_env = False
        elif urlsplit(self.url).scheme != "https":
            raise WrongUsage(
                f"{self.url} would get the key in clear", "use an https:// address"
            )

    def call(self, method, **arguments):
        """Call a method of `saas.api`.

        :param str method: name of the method
        :return: the answer, decoded
        :raise SaasctlError: the kind that fits what the master said
        """
        self._check_listener()
        response = self._post(method, arguments)
        if response.is_redirect:
            target = response.headers["Location"]
            raise BadAnswer(f"{self.url} redirects to {target}", "give that as --url")
        body = self._decode(method, response)
        if response.ok:
            return body
        raise self._error(method, response.status_code, body)

    def _check_listener(self):
        """Keep the key from a tenant that took the port of a proxy that is down."""
        user = find_nameless(self._local_port) if self._local_port else None
        if user is not None:
            raise Refused(
                f"user {user}, a tenant's perhaps, listens at {self.url}", "make doctor"
            )

    def _post(self, method, arguments):
        try:
            return self._session.post(
                f"{self.url}/json/2/saas.api/{method}",
                json=arguments,
                timeout=self._timeout,
                allow_redirects=False,  # the key is for this address alone
            )
        except requests.Timeout as error:
            raise Unreachable(
                f"the master does not answer in time at {self.url}", "make doctor"
            ) from error
        except requests.exceptions.SSLError as error:
            raise Unreachable(
                f"{self.url} shows no certificate to trust", "renew its certificate"
            ) from error
        except requests.ConnectionError as error:
            raise Unreachable(
                f"the master does not answer at {self.url}", "make doctor"
            ) from error
        except requests.RequestException as error:
            raise WrongUsage(f"{self.url} is no address: {error}") from error

    def _decode(self, method, response):
        if response.status_code in UNREACHABLE_STATUS:
            raise Unreachable(
                f"the master does not answer behind {self.url}", "make doctor"
            )
        try:
            return response.json()
        except ValueError as error:
            raise BadAnswer(
                f"{self.url} answers {method} with something else than JSON "
                f"(HTTP {response.status_code})",
                "is --url the address of a master?",
            ) from error

    def _error(self, method, status, body):
        body = body if isinstance(body, dict) else {}
        # Every error body also has `debug`, a traceback: that is for the log.
        message = str(body.get("message") or f"HTTP {status}")
        name = str(body.get("name", ""))
        if status == 401:
            return Refused("the master does not accept the key", LOGIN_CURE)
        if name == "odoo.exceptions.MissingError":
            return NotFound(message)
        if name.startswith("odoo.exceptions.") and status in {403, 409, 422}:
            return Refused(message)
        if status in {404, 422}:
            return BadAnswer(
                f"the master does not know {method} as saasctl calls it ({message})",
                "use the saasctl of the master's own release",
            )
        return Failed(f"the master failed: {message}", "its log has more")


class _Bearer(AuthBase):
    """Send the key; as an object of its own, so that no .netrc takes its place."""

    def __init__(self, key):
        self._key = key

    def __call__(self, request):
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


def is_local(url):
    """Say whether an address is on this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
