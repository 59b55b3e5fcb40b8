import logging

from odoo import SUPERUSER_ID, http
from odoo.http import request

from ..tools import admission, pages, tokens, users

_logger = logging.getLogger(__name__)


class PlatformLogin(http.Controller):
    @http.route(
        "/saas/login",
        type="http",
        auth="none",
        methods=["POST"],
        csrf=False,  # the token is what proves the request, and it works once
        readonly=False,
        sitemap=False,
        max_content_length=16384,
    )
    def sign_in(self, token="", **_unknown):
        """Open a session for whom the platform vouches."""
        try:
            claims = admission.admit(request.httprequest, token, "login")
            env = request.env(user=SUPERUSER_ID)
            user = users.user_for(env, claims.get("usr"))
        except tokens.TokenRefused as refusal:
            _logger.info("Platform sign-in refused: %s", refusal)
            return page(*pages.LINK_REFUSED)
        except users.UserRefused as refusal:
            _logger.info("Platform sign-in refused: %s", refusal)
            return page(*pages.USER_REFUSED, str(refusal))
        open_session(user)
        _logger.info(
            "Platform sign-in as %s: user %d, by %r, from %s, jti %s",
            claims["usr"],
            user.id,
            claims.get("act") or "",
            request.httprequest.remote_addr,
            claims["jti"],
        )
        return request.redirect("/odoo", 303)


def open_session(user):
    """Make a new session of this user, and end the one that the browser had."""
    request.session.logout(keep_db=True)
    request.session.update(pre_login=user.login, pre_uid=user.id)
    request.session.finalize(user.env)
    request.update_env(user=user.id)
    user.with_user(user)._update_last_login()


def page(title, text):
    """Answer 403 with a page."""
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-store"),
    ]
    return request.make_response(pages.render(title, text), headers, status=403)
