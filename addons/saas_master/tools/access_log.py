"""Keep out of the log what opens something."""

import logging
import re

# Tokens of invitations and of new passwords stand there, and support reads logs.
QUERY = re.compile(r"(\?)\S*")


class Without(logging.Filter):
    """Shorten addresses.

    :param re.Pattern secret: what is left out, but for its first group
    """

    def __init__(self, secret):
        super().__init__()
        self._secret = secret

    def filter(self, record):
        record.msg, record.args = self._secret.sub(r"\1...", record.getMessage()), ()
        return True


def install(secret=QUERY):
    """Have requests logged without a part of their addresses.

    :param re.Pattern secret: that part; query strings unless told
    """
    logging.getLogger("werkzeug").addFilter(Without(secret))
