from . import controllers
from . import models
from . import tools
from . import wizards

from .tools.guard import install as install_guard
