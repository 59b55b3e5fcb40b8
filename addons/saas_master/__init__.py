from . import controllers
from . import models
from . import tools
from . import wizards

from .tools import access_log, guard


def post_load():
    """Stand before the first request, and before its line in the log."""
    guard.install()
    access_log.install()
