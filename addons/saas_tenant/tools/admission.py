"""Admit a request that carries a token of the platform."""

import os

from odoo.tools import config

from . import settings, tokens

_ADMITTED = "saas_tenant.claims"


def admit(httprequest, token, subject, body=None):
    """Check the token and spend it.

    :param httprequest: the request that carries it
    :param token: the token
    :param subject: what it must allow
    :param body: the signed body, for a command
    :return: the claims
    :raise tokens.TokenRefused: it does not hold, or was used before
    """
    # Odoo calls a controller again after a serialization failure.
    if _ADMITTED in httprequest.environ:
        return httprequest.environ[_ADMITTED]
    current = settings.current()
    claims = tokens.verify(
        token,
        keys=current.public_keys,
        issuer=current.platform,
        audience=current.instance,
        subject=subject,
    )
    if body is not None:
        tokens.check_body(claims, body)
    tokens.spend(spent_folder(), claims["jti"])
    httprequest.environ[_ADMITTED] = claims
    return claims


def spent_folder():
    """Return where spent tokens are kept.

    Beside the sessions: the one place where a tenant whose files fill its quota can
    still write, so that its owner can come in and tidy up.
    """
    return os.path.join(config.session_dir, "saas_tokens")
