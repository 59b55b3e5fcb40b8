"""What this platform asks of queue_job beyond its settings."""

import signal

from odoo.service.server import Worker

from odoo.addons.queue_job.jobrunner import runner

# A dead worker is noticed when the runner next wakes; its own 60 s are too long for
# someone who waits for an instance (odoo19.md, F2).
runner.SELECT_TIMEOUT = 5

# Jobs run first come first served within a channel, so the channels' order of
# importance travels with each job: lower goes first.
PRIORITIES = {
    "provisioning": 10,
    "operations": 20,
    "maintenance": 30,
    "monitoring": 40,
    "watch": 40,
}


def is_stopping():
    """Tell whether this worker was told to end: it waits for the job that it runs.

    Odoo's worker takes SIGINT by a method of its own, and is no longer alive then.
    """
    worker = getattr(signal.getsignal(signal.SIGINT), "__self__", None)
    return isinstance(worker, Worker) and not worker.alive
