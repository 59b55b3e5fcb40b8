import json
import logging

from odoo import SUPERUSER_ID, http, release
from odoo.exceptions import UserError
from odoo.http import request

from ..tools import admission, banner, company, errors, state, tokens, users

_logger = logging.getLogger(__name__)


class PlatformCommand(http.Controller):
    @http.route(
        "/saas/command/<string:name>",
        type="http",
        auth="none",
        methods=["POST"],
        csrf=False,  # signed, body included
        save_session=False,
        readonly=False,
        sitemap=False,
        max_content_length=65536,
    )
    def run(self, name, **_parameters):
        """Do what the platform signed."""
        body = request.httprequest.get_data()
        scheme, _space, token = request.httprequest.headers.get(
            "Authorization", ""
        ).partition(" ")
        try:
            if scheme.lower() != "bearer":
                raise tokens.TokenRefused("no bearer token")
            claims = admission.admit(
                request.httprequest, token, f"command:{name}", body
            )
        except tokens.ProtocolRefused as refusal:
            return answer(422, error=str(refusal))
        except tokens.TokenRefused as refusal:
            _logger.info("Platform command refused: %s", refusal)
            return answer(403, error="The token of this command is not valid.")
        if name not in COMMANDS:
            return answer(404, error=f"This release does not know the command {name}.")
        try:
            values = json.loads(body)
            if not isinstance(values, dict):
                raise errors.Refused("A command takes an object of values.")
            result = COMMANDS[name](request.env(user=SUPERUSER_ID), values)
        except (errors.Refused, UserError, json.JSONDecodeError) as refusal:
            request.env.cr.rollback()
            _logger.info("Platform command %s failed: %s", name, refusal)
            return answer(422, error=str(refusal))
        _logger.info("Platform command %s done, jti %s", name, claims["jti"])
        return answer(200, result=result)


def answer(status, **content):
    """Answer with JSON.

    :param status: of HTTP
    :param content: `result` or `error`
    """
    return request.make_json_response(
        {"protocol": tokens.PROTOCOL, **content}, status=status
    )


def ping(_env, _values):
    """Say which release runs here and what it can do."""
    return {"odoo": release.version, "commands": sorted(COMMANDS)}


def count_users(env, _values):
    """Count users, and end what support's visits have left."""
    users.retire_support(env)
    return {"internal": users.count_internal(env)}


COMMANDS = {
    "banner": banner.set_up,
    "ping": ping,
    "setup": company.set_up,
    "state": state.describe,
    "users": count_users,
}
