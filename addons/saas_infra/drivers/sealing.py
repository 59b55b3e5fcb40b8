"""Secrets at rest: sealed by anyone with the public key, opened by `jobs` alone."""

import base64
import hashlib
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from .errors import PermanentInfraError


def fingerprint(public_key):
    """Name a public key.

    :param bytes public_key: 32 bytes
    :return: 16 hexadecimal digits
    :rtype: str
    """
    return hashlib.sha256(public_key).hexdigest()[:16]


def read_key(path):
    """Read a key file: 32 bytes in base64.

    :param Path path: the file
    :raise PermanentInfraError: where it cannot be read or is no key
    """
    try:
        key = base64.b64decode(Path(path).read_text().strip(), validate=True)
    except (OSError, ValueError) as error:
        raise PermanentInfraError(
            f"The key {path} cannot be read: {error}.",
            cure="Run `make doctor`; restore the key from escrow if it is gone.",
        ) from error
    if len(key) != 32:
        raise PermanentInfraError(f"The key {path} is not 32 bytes long.")
    return key


class Sealer:
    """The public half: it can seal a secret, never open one.

    :param bytes public_key: 32 bytes
    """

    def __init__(self, public_key):
        self._key = PublicKey(public_key)
        self.key_id = fingerprint(public_key)

    def seal(self, secret):
        """Seal a text.

        :param str secret: the text
        :return: ``<key id>:<base64>``
        :rtype: str
        """
        box = SealedBox(self._key).encrypt(secret.encode())
        return f"{self.key_id}:{base64.b64encode(box).decode()}"


class Keyring:
    """The private keys that this process can read, by key id.

    :param Iterable[bytes] private_keys: 32 bytes each
    """

    def __init__(self, private_keys):
        keys = [PrivateKey(key) for key in private_keys]
        self._keys = {fingerprint(bytes(key.public_key)): key for key in keys}

    @property
    def key_ids(self):
        return frozenset(self._keys)

    def open(self, sealed):
        """Open what :meth:`Sealer.seal` made.

        :param str sealed: ``<key id>:<base64>``
        :raise PermanentInfraError: where its key is not at hand or it was altered
        """
        key_id, _, box = sealed.partition(":")
        key = self._keys.get(key_id)
        if key is None:
            held = ", ".join(sorted(self._keys)) or "none"
            raise PermanentInfraError(
                f"The secret is sealed with key {key_id}; this process has {held}.",
                cure="Put the key back into the folder of keys and restart `jobs`.",
            )
        try:
            return SealedBox(key).decrypt(base64.b64decode(box)).decode()
        except (CryptoError, ValueError) as error:
            raise PermanentInfraError("A sealed secret was altered.") from error
