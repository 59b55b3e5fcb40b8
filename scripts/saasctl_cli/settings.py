"""Where the master is, and the key that opens it."""

import json
import os
import stat
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from .errors import Refused, WrongUsage

LOGIN_CURE = "sudo saasctl login, or --url and --key-file"


class Settings(NamedTuple):
    """What saasctl must know before its first call."""

    url: str
    key_file: Path


def find_settings(run_dir, url=None, key_file=None):
    """Return the settings: options first, then environment, then the stored ones.

    :param Path run_dir: the platform's folder
    :param str url: what `--url` says
    :param str key_file: what `--key-file` says
    :raise WrongUsage: if they cannot be completed
    """
    url = url or os.environ.get("SAASCTL_URL")
    key_file = key_file or os.environ.get("SAASCTL_KEY_FILE")
    if url and key_file:
        return Settings(_checked_url(url), Path(key_file))
    stored = _read_stored(stored_settings_path(run_dir))
    if url and url.rstrip("/") != stored.url.rstrip("/"):
        # Whoever makes an operator type a wrong address must not get the key.
        raise WrongUsage(
            f"the stored key is for {stored.url}, not for {url}", "give --key-file"
        )
    return Settings(_checked_url(stored.url), Path(key_file or stored.key_file))


def read_key(path):
    """Return the key of a file that only its owner can read.

    :param Path path: the key file
    :raise Refused: if others can read it
    :raise WrongUsage: if it is not there or empty
    """
    try:
        with open(path, encoding="ascii") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            key = file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise WrongUsage(
            f"the key file {path} cannot be read ({reason})", LOGIN_CURE
        ) from error
    if mode & 0o077:
        raise Refused(
            f"others can read the key file {path} (mode {mode:04o})",
            f"chmod 600 {path}; if others were there, sudo saasctl login",
        )
    if not key:
        raise WrongUsage(f"the key file {path} is empty", LOGIN_CURE)
    return key


def stored_settings_path(run_dir):
    """Return the file in which `saasctl login` keeps what the others need.

    :param Path run_dir: the platform's folder
    """
    return run_dir / "etc" / "saasctl.json"


def _read_stored(path):
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Settings(content["url"], Path(content["key_file"]))
    except FileNotFoundError as error:
        raise WrongUsage(f"saasctl has no key yet in {path}", LOGIN_CURE) from error
    except PermissionError as error:
        raise WrongUsage(
            f"{path} is root's", "use sudo, or --url and --key-file"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WrongUsage(f"{path} cannot be understood", LOGIN_CURE) from error


def _checked_url(url):
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"http", "https"} and parts.hostname
    except ValueError:
        valid = False
    if not valid:
        raise WrongUsage(f"{url} is no address", "write it as https://master.example")
    return url
