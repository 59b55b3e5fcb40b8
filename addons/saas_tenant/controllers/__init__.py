from . import command
from . import home
from . import login
