"""Read what root wrote: what a disk made of it meanwhile is told by the file's name."""

import json

from .errors import Permanent


def read(path, keys, cure=""):
    """Read a JSON document.

    :param Path path: a file
    :param keys: what it must say; the rest is left out
    :param str cure: how a damaged one is mended
    :return: what it says, None where the file is missing or empty
    :rtype: dict|None
    :raise Permanent: where it is damaged
    """
    try:
        text = path.read_text()
        if not text:
            return None
        content = json.loads(text)
        return {key: content[key] for key in keys}
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise Permanent(f"{path} is damaged.", cure) from error
