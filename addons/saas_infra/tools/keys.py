"""Sealing and signing with the keys that this service holds."""

import functools

from ..drivers import sealing
from ..drivers.errors import PermanentInfraError
from .settings import get_settings


# Keys are rotated while we run: a file that was replaced or added is read anew.
@functools.cache
def _sealer(path, _version):
    return sealing.Sealer(sealing.read_key(path))


@functools.cache
def _keyring(paths):
    return sealing.Keyring(map(sealing.read_key, paths))


def get_sealer():
    """Return the sealer of this platform.

    :raise PermanentInfraError: where this process was given no public key
    """
    path = get_settings().seal_public_key
    if not path:
        raise PermanentInfraError(
            "This process has no public key to seal a secret with: "
            "set seal_public_key in the section [saasodoo] of its configuration."
        )
    return _sealer(path, _get_version(path))


def get_keyring():
    """Return the keys that open secrets; empty in `web`."""
    folder = get_settings().seal_private_keys
    return _keyring(tuple(sorted(folder.glob("*.key"))) if folder else ())


def _get_version(path):
    try:
        found = path.stat()
    except OSError:  # Who reads it says so.
        return None
    return found.st_ino, found.st_mtime_ns


@functools.cache
def get_sign_key():
    """Return the Ed25519 seed that signs for tenants: 32 bytes, in `jobs` only."""
    path = get_settings().sign_private_key
    if not path:
        raise PermanentInfraError("Only the service `jobs` signs for tenants.")
    return sealing.read_key(path)


@functools.cache
def get_sign_public_key():
    """Return the Ed25519 public key that tenants check, in base64."""
    path = get_settings().sign_public_key
    if not path:
        raise PermanentInfraError("This process was given no public key for tenants.")
    return path.read_text().strip()
