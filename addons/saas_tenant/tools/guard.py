"""Let in only what comes through the platform's proxy."""

import hmac

from odoo.http import Application

from . import cookies, pages, settings

HEADER = "HTTP_X_SAASODOO_SECRET"
HEALTH = "/web/health"
DATABASE_MANAGER = "/web/database"


def install():
    """Put the guard before Odoo's application: pages, files and web sockets alike."""
    Application.__call__ = guarded(Application.__call__, settings.current())


def guarded(serve, current):
    """Wrap a WSGI application.

    :param serve: the application as a method
    :param current: the settings of this tenant
    :return: a method that answers strangers itself
    """
    secret = current.proxy_secret.encode()

    def __call__(self, environ, start_response):
        # Taken out, so that no code behind can read it.
        shown = environ.pop(HEADER, "").encode("latin-1", "replace")
        path = environ.get("PATH_INFO", "")
        if not hmac.compare_digest(shown, secret) and not is_health_check(environ):
            return pages.answer(start_response, "403 Forbidden", *pages.SIDE_DOOR)
        if path.startswith(DATABASE_MANAGER):
            return pages.answer(start_response, "404 Not Found", *pages.NOT_HERE)
        return serve(self, environ, cookies.securing(environ, start_response))

    return __call__


def is_health_check(environ):
    """Tell whether this machine asks if the process is alive."""
    peer = environ.get("REMOTE_ADDR", "")
    local = peer == "::1" or peer.removeprefix("::ffff:").startswith("127.")
    return local and environ.get("PATH_INFO") == HEALTH
