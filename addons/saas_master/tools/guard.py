"""Who is answered at the services' own ports.

A loopback port is open to every process of the machine, a tenant's too. What came in
at `jobs` would run beside the keys, with the role that owns the database: it answers
its own queue runner and nobody else. `web` is as public there as behind its proxy.
"""

import base64
import hmac
import re
from functools import partial

from odoo.http import Application

from odoo.addons.saas_infra.tools.settings import get_runner_login, get_settings

RUN_JOB = "/queue_job/runjob"
HEALTH = "/web/health"
FORWARDED = ("HTTP_X_FORWARDED_", "HTTP_X_REAL_IP", "HTTP_FORWARDED")
# The same as the proxy's: with or without a language in front of it.
CLOSED = re.compile(r"/+([a-z][a-z0-9_@-]+/+)?(queue_job|web/+database)(/|$)", re.I)


def install():
    """Put the guard before Odoo's application, in a process of the platform."""
    service = get_settings().service
    if service == "jobs":
        known = encode(*get_runner_login())
        Application.__call__ = guarded(Application.__call__, partial(is_runner, known))
    elif service == "web":
        admits = partial(is_open, get_settings().proxy_secret)
        Application.__call__ = guarded(Application.__call__, admits)


def encode(login, password):
    """Return what the runner shows; None, which nobody shows, without a password."""
    if not password:
        return None
    return b"Basic " + base64.b64encode(f"{login}:{password}".encode())


def is_runner(known, environ):
    """Tell whether queue_job's runner asks for its one page."""
    shown = environ.get("HTTP_AUTHORIZATION", "").encode("latin-1", "replace")
    return (
        environ.get("PATH_INFO") == RUN_JOB
        and known is not None
        and hmac.compare_digest(shown, known)
    )


def is_open(secret, environ):
    """Tell whether a page is for visitors; forget what a stranger says of himself.

    Odoo would take a visitor's address from such headers, and so count the failed
    logins of somebody who guesses passwords under as many addresses as he likes.

    :param str secret: what the proxy shows
    """
    shown = environ.pop("HTTP_X_SAASODOO_SECRET", "").encode("latin-1", "replace")
    if not secret or not hmac.compare_digest(shown, secret.encode()):
        for name in [name for name in environ if name.startswith(FORWARDED)]:
            del environ[name]
    return not CLOSED.match(environ.get("PATH_INFO", ""))


def guarded(serve, admits):
    """Wrap a WSGI application.

    :param serve: the application as a method
    :param admits: whether a request, by its environment, is let in
    :return: a method that answers strangers itself
    """

    def __call__(self, environ, start_response):
        if environ.get("PATH_INFO") == HEALTH or admits(environ):
            return serve(self, environ, start_response)
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"Nothing is served here.\n"]

    return __call__
