"""Ask the master something that only a local command may: in a shell, as `jobs`."""

import json

from . import master
from .runner import Failure

MARKER = "saasodoo-answer:"
SCRIPT = f"""
import json
from odoo.addons.saas_infra.drivers.errors import InfraError
from odoo.exceptions import UserError

try:
    told = dict(answer=%s)
    env.cr.commit()
except InfraError as error:
    told = dict(refusal=error.message, cure=error.cure)
except UserError as error:
    told = dict(refusal=str(error), cure="")
print({MARKER!r} + json.dumps(told), flush=True)
"""


def ask(settings, expression):
    """Evaluate an expression in the master, and commit.

    :param str expression: Python that knows ``env``; never a secret
    :return: its value, as JSON keeps it
    :raise Failure: where the master refuses, or does not answer
    """
    output = master.run_odoo(
        settings, "shell", stdin=SCRIPT % expression, log="install.log"
    )
    for line in output.splitlines():
        if line.startswith(MARKER):
            return _read(json.loads(line.removeprefix(MARKER)))
    raise Failure("the master gave no answer", f"read {settings.log}/install.log")


def _read(told):
    if "refusal" in told:
        raise Failure(told["refusal"].rstrip("."), told["cure"])
    return told["answer"]
