"""Ask the master something that only a local command may: in a shell, as `jobs`."""

import json

from . import master
from .runner import Failure

MARKER = "saasodoo-answer:"
SCRIPT = f"""
import json
answer = %s
env.cr.commit()
print({MARKER!r} + json.dumps(answer), flush=True)
"""


def ask(settings, expression):
    """Evaluate an expression in the master, and commit.

    :param str expression: Python that knows ``env``; never a secret
    :return: its value, as JSON keeps it
    :raise Failure: where the master does not answer
    """
    output = master.run_odoo(
        settings, "shell", stdin=SCRIPT % expression, log="install.log"
    )
    for line in output.splitlines():
        if line.startswith(MARKER):
            return json.loads(line.removeprefix(MARKER))
    raise Failure("the master gave no answer", f"read {settings.log}/install.log")
