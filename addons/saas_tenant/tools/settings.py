"""What the platform wrote about this tenant into its odoo.conf."""

import base64
import binascii
import configparser
import dataclasses
import functools

from odoo.tools import config

SECTION = "saas_tenant"


class SettingsError(Exception):
    """The section of the platform is missing or wrong."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Who this tenant is, and whom it trusts."""

    instance: str
    platform: str
    proxy_secret: str = dataclasses.field(repr=False)
    public_keys: tuple[bytes, ...]


@functools.cache
def current():
    """Read the settings of this process once."""
    return read(config["config"])


def read(path):
    """Read the section of the platform.

    :param path: the tenant's odoo.conf
    :raise SettingsError: a value is missing, empty or no Ed25519 key
    """
    parser = configparser.RawConfigParser()
    parser.read([path])
    if not parser.has_section(SECTION):
        raise SettingsError(f"{path} has no section [{SECTION}]")
    values = dict(parser.items(SECTION))
    missing = [
        name
        for name in ("instance", "platform", "proxy_secret", "public_keys")
        if not values.get(name, "").strip()
    ]
    if missing:
        raise SettingsError(f"[{SECTION}] of {path} lacks {', '.join(missing)}")
    return Settings(
        instance=values["instance"].strip(),
        platform=values["platform"].strip(),
        proxy_secret=values["proxy_secret"].strip(),
        public_keys=tuple(map(read_key, values["public_keys"].split(","))),
    )


def read_key(text):
    """Decode one public key.

    :param text: 32 bytes in base64
    :raise SettingsError: it is something else
    """
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except binascii.Error as error:
        raise SettingsError("public_keys: not base64") from error
    if len(key) != 32:
        raise SettingsError("public_keys: an Ed25519 key has 32 bytes")
    return key
