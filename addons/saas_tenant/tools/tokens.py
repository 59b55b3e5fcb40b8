"""Check what the platform signed.

A token is `base64url(JSON claims) "." base64url(Ed25519 signature of the first part)`.
Claims: iss (platform), aud (instance), sub ("login" or "command:<name>"), usr, iat,
exp, jti, ver (protocol), and for commands sha, the SHA-256 of the body. Claims that
this release does not know are ignored, so that a newer master can send more.
"""

import base64
import binascii
import contextlib
import hashlib
import hmac
import json
import os
import re
import time

# Raised when a claim or a command changes its meaning, not when one is added. Masters
# one before and one after are understood: fleets are updated one by one.
PROTOCOL = 1
MAX_LIFE = 60  # seconds between iat and exp
SKEW = 5  # seconds that the platform's clock may be ahead of ours
KEEP = 600  # seconds for which a spent token is remembered
MAX_LENGTH = 4096
_PART = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_JTI = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)


class TokenRefused(Exception):
    """The token proves nothing; the message is for the log, not for the visitor."""


class ProtocolRefused(TokenRefused):
    """The token is the platform's, of a release too far away; the message is for it."""


def verify(token, *, keys, issuer, audience, subject, now=None):
    """Check everything about a token but whether it was used before.

    :param token: the text that was received
    :param keys: raw Ed25519 public keys, any of which may have signed
    :param issuer: the platform that must have signed
    :param audience: the instance that it must be for
    :param subject: what it must allow
    :param now: seconds since the epoch, for tests
    :return: the claims
    :raise TokenRefused: any of it does not hold
    """
    claims = open_signed(token, keys)
    for name, expected in (("iss", issuer), ("aud", audience), ("sub", subject)):
        if not same(claims.get(name), expected):
            raise TokenRefused(f"another {name}")
    check_times(claims, time.time() if now is None else now)
    check_protocol(claims)
    if not isinstance(claims.get("jti"), str) or not _JTI.fullmatch(claims["jti"]):
        raise TokenRefused("no usable jti")
    return claims


def open_signed(token, keys):
    """Check the signature.

    :return: the claims, nothing of which is checked yet
    :raise TokenRefused: the form or the signature is wrong
    """
    if not isinstance(token, str) or len(token) > MAX_LENGTH:
        raise TokenRefused("not a token")
    payload, _dot, signature = token.partition(".")
    signature = decode(signature)
    if not any(signed_by(key, payload.encode(), signature) for key in keys):
        raise TokenRefused("unknown signature")
    try:
        claims = json.loads(decode(payload))
    except ValueError as error:
        raise TokenRefused("claims are no JSON") from error
    if not isinstance(claims, dict):
        raise TokenRefused("claims are no object")
    return claims


def decode(part):
    """Read base64url without padding.

    :raise TokenRefused: it is something else
    """
    if not _PART.fullmatch(part):
        raise TokenRefused("not base64url")
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise TokenRefused("not base64url") from error


def signed_by(key, message, signature):
    """Tell whether the holder of `key` signed the message."""
    # Imported here: a start of Odoo should not wait for it.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def check_times(claims, now):
    """Refuse what is expired, lives too long or comes from the future.

    :raise TokenRefused: it does
    """
    issued, expires = claims.get("iat"), claims.get("exp")
    if type(issued) is not int or type(expires) is not int:
        raise TokenRefused("no times")
    if not 0 < expires - issued <= MAX_LIFE:
        raise TokenRefused("lives too long")
    if issued > now + SKEW:
        raise TokenRefused("not yet valid: is this machine's clock behind?")
    if expires <= now:
        raise TokenRefused("expired")


def check_protocol(claims):
    """Refuse a master that is more than one protocol older or newer.

    :raise ProtocolRefused: with who is to be updated
    """
    spoken = claims.get("ver", 1)  # The first masters did not tell.
    if type(spoken) is not int:
        raise TokenRefused("no usable ver")
    if abs(spoken - PROTOCOL) > 1:
        older = "this tenant" if spoken > PROTOCOL else "the master"
        raise ProtocolRefused(
            f"The master speaks protocol {spoken}, this tenant {PROTOCOL}: "
            f"update {older} first."
        )


def check_body(claims, body):
    """Refuse a body that is not the one that was signed.

    :param body: the bytes that were received
    :raise TokenRefused: it is another
    """
    if not same(claims.get("sha"), hashlib.sha256(body).hexdigest()):
        raise TokenRefused("another body")


def spend(folder, jti, now=None):
    """Remember a token, so that it is accepted once.

    :param folder: where spent tokens are kept, shared by all processes of the tenant
    :param jti: the checked id of the token
    :param now: seconds since the epoch, for tests
    :raise TokenRefused: it was spent before
    """
    os.makedirs(folder, mode=0o700, exist_ok=True)
    forget_old(folder, (time.time() if now is None else now) - KEEP)
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
    try:
        os.close(os.open(os.path.join(folder, jti), flags, 0o600))
    except FileExistsError as error:
        raise TokenRefused("used before") from error


def forget_old(folder, limit):
    """Remove spent tokens that have expired long ago."""
    with os.scandir(folder) as entries:
        old = [entry.path for entry in entries if entry.stat().st_mtime < limit]
    for path in old:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def same(left, right):
    """Compare two texts in constant time."""
    return isinstance(left, str) and hmac.compare_digest(left.encode(), right.encode())
