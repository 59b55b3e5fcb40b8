"""The platform on a swarm that tests bring up: one at a time on a machine.

Swarm's own ports and the bridge by which containers leave are the machine's, not a
platform's.
"""

from ..setup import locks

LOCK = "/run/lock/saasodoo-swarm-tests.lock"
CHOICES = {
    "RUN_DIR": "/var/lib/saasodoo-test-swarm",
    "PORT_BASE": "24000",
    "TENANT_UID_BASE": "1500000000",
    "RUNTIME": "swarm",
    "LEAST_RETENTION_DAYS": "0",  # Tests purge what they made.
}


def alone():
    """Wait until no other run has a platform on a swarm here."""
    return locks.waiting(LOCK)
