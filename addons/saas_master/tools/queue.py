"""What this platform asks of queue_job beyond its settings."""

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
}
