"""A text of the platform at the top of the web client, for all who work here.

It lies in a file: no database holds it, so no customer can remove it, and a start of
the tenant's other processes knows it as well.
"""

import contextlib
import json
import os
import re
from html import escape

from odoo.tools import config

from .errors import Refused

LONGEST = 500  # characters
DEFAULT = "info"
# Level to the colours of text and ground.
LEVELS = {
    "info": ("#055160", "#cff4fc"),
    "warning": ("#664d03", "#fff3cd"),
    "danger": ("#ffffff", "#b02a37"),
}
_BODY = re.compile(r"<body\b[^>]*>")
_BANNER = (
    '<div role="status" class="saas_banner d-print-none" style="flex:none;'
    'padding:.5rem 1rem;text-align:center;color:{};background:{}">{}</div>'
)


def set_up(_env, values):
    """Show a text from the next page on; an empty one is taken away.

    :param values: text, and level; an unknown level is shown as `info`
    :return: what is shown now
    :raise Refused: it is no text, or a long one
    """
    text = values.get("text") or ""
    if not isinstance(text, str) or len(text) > LONGEST:
        raise Refused(f"A banner is a text of at most {LONGEST} characters.")
    level = str(values.get("level"))
    shown = {"text": text.strip(), "level": level if level in LEVELS else DEFAULT}
    write(shown if shown["text"] else None)
    return read()


def write(shown):
    """Keep what is shown, or that nothing is."""
    path = get_path()
    if shown is None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        return
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        json.dump(shown, file)
    os.replace(file.name, path)


def read():
    """Return what is shown: text, empty for nothing, and level."""
    try:
        with open(get_path(), encoding="utf-8") as file:
            return json.load(file)
    except (FileNotFoundError, ValueError):  # A page without it is better than none.
        return {"text": "", "level": DEFAULT}


def get_path():
    """Return where it is kept: where also a tenant can write whose files are full."""
    return os.path.join(config.session_dir, "saas_banner.json")


def add_to(page):
    """Put the banner into the HTML of a page, first in its body.

    :param page: the HTML
    :return: the HTML, the same where nothing is shown
    """
    shown = read()
    if not shown["text"]:
        return page
    colours = LEVELS.get(shown["level"], LEVELS[DEFAULT])
    banner = _BANNER.format(*colours, escape(shown["text"]))
    return _BODY.sub(lambda body: body.group() + banner, page, count=1)
