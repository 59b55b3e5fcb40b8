"""Plain pages that say what happened and what to do."""

from html import escape

SIDE_DOOR = (
    "This door is closed",
    "Please use the public address of this Odoo.",
)
NOT_HERE = (
    "Not here",
    "Databases are managed on the page of your hosting platform.",
)
LINK_REFUSED = (
    "This sign-in link is no longer valid",
    "A link works once and for one minute. Go back to the page of your hosting"
    " platform and open your Odoo again.",
)
USER_REFUSED = ("This sign-in is not possible",)

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body{{font-family:sans-serif;max-width:36em;margin:15vh auto;padding:0 1em}}
</style></head>
<body><h1>{title}</h1><p>{text}</p></body>
</html>
"""


def render(title, text):
    """Return the HTML of a page."""
    return _PAGE.format(title=escape(title), text=escape(text))


def answer(start_response, status, title, text):
    """Answer a WSGI request with a page.

    :param status: such as `403 Forbidden`
    """
    body = render(title, text).encode()
    start_response(
        status,
        [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
        ],
    )
    return [body]
