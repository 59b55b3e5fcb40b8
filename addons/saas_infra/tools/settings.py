"""The platform's own section of Odoo's configuration file."""

import functools
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path

from odoo.tools import config

SECTION = "saasodoo"
QUEUE_SECTION = "queue_job"
PATHS = ("seal_", "sign_", "run_", "helper_")


@dataclass(frozen=True)
class Settings:
    """What this service is and which keys it can read.

    ``service`` is ``web``, ``jobs``, or empty where Odoo runs without the section
    (tests, a shell): such a process can seal nothing and open nothing.
    """

    service: str = ""
    platform: str = ""
    proxy_secret: str = ""
    seal_public_key: Path | None = None
    sign_public_key: Path | None = None
    seal_private_keys: Path | None = None
    sign_private_key: Path | None = None
    run_dir: Path | None = None
    helper_socket: Path | None = None
    engine: str = ""
    least_retention_days: int = 0


@functools.cache
def get_settings():
    """Read the section once per process.

    :return: the settings
    :rtype: Settings
    """
    values = _read_section(SECTION)
    paths = {
        key: Path(values[key])
        for key in values
        if key.startswith(PATHS) and values[key]
    }
    return Settings(
        service=values.get("service", ""),
        platform=values.get("platform", ""),
        proxy_secret=values.get("proxy_secret", ""),
        engine=values.get("engine", ""),
        least_retention_days=int(values.get("least_retention_days") or 0),
        **paths,
    )


def get_runner_login():
    """Return login and password that queue_job's runner shows; empty where unset."""
    values = _read_section(QUEUE_SECTION)
    return values.get("http_auth_user", ""), values.get("http_auth_password", "")


def _read_section(name):
    parser = ConfigParser(interpolation=None)
    if config.get("config"):
        parser.read(config["config"])
    return dict(parser[name]) if parser.has_section(name) else {}
