# A worker that dies must leave what it committed, as a real one does.
# pylint: disable=invalid-commit
"""How a worker dies at each moment of a step."""

import os
from contextlib import contextmanager
from unittest.mock import patch

from odoo.addons.saas_infra.drivers.fakes.world import FakeDriver

from ..models.saas_operation_run import SaasOperation as Engine

DIED = 86
# before: the step was not begun; in: its first outside call was made; lost: all were,
# nobody wrote it down; after: it was written down.
MOMENTS = ("before", "in", "lost", "after")


@contextmanager
def deadly(name, moment):
    """Let this process die at a moment of a step, as a SIGKILL does."""
    begin, outside, end = Engine._begin_step, Engine._call_outside, Engine._end_step
    call_driver = FakeDriver._call
    here = {"step": ""}

    def begin_step(self, step):
        here["step"] = step.name
        if step.name == name and moment == "before":
            os._exit(DIED)
        call = begin(self, step)
        if step.name == name and moment in ("in", "lost") and call is None:
            os._exit(DIED)
        return call

    def call_outside(self, call, token):
        here["outside"] = True
        result = outside(self, call, token)
        here["outside"] = False
        if here["step"] == name and moment == "lost":
            os._exit(DIED)
        return result

    @contextmanager
    def driver_call(self, method, name_=""):
        with call_driver(self, method, name_) as state:
            yield state
        if here["step"] == name and here.get("outside") and moment == "in":
            os._exit(DIED)

    def end_step(self, step, result):
        end(self, step, result)
        if step.name == name and moment == "after":
            self.env.flush_all()
            self.env.cr.commit()
            os._exit(DIED)

    with (
        patch.object(Engine, "_begin_step", begin_step),
        patch.object(Engine, "_call_outside", call_outside),
        patch.object(Engine, "_end_step", end_step),
        patch.object(FakeDriver, "_call", driver_call),
    ):
        yield
