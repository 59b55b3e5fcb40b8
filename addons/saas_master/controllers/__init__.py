from . import queue_job
from . import saas_open
