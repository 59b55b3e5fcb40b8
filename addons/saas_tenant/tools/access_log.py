"""Keep out of the log what opens something."""

import logging
import re

# Tokens of invitations and of new passwords stand there, and support reads logs.
QUERY = re.compile(r"\?\S*")


class WithoutQuery(logging.Filter):
    """Shorten addresses to their paths."""

    def filter(self, record):
        record.msg, record.args = QUERY.sub("?...", record.getMessage()), ()
        return True


def install():
    """Have requests logged without their query strings."""
    logging.getLogger("werkzeug").addFilter(WithoutQuery())
