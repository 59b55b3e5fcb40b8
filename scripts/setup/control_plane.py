"""What runs the master's two services: a supervisor, or a stack where tenants have one.

Both have the same verbs, and whoever uses them does not ask which it is.
"""

import hashlib

from . import files, master_conf, master_stack, release, supervisors, swarm

CONTROL = supervisors.CONTROL


def of(settings):
    """Return the control plane of a platform."""
    return OnSwarm(settings) if settings.on_swarm else OnSupervisor(settings)


class OnSupervisor:
    """Both services are programs of a supervisor of their own.

    :param Settings settings: the platform
    """

    def __init__(self, settings):
        self._settings = settings

    def bring_up(self, wait):
        """Have both services run with the present code and configuration.

        :param wait: returns once they answer
        :return: what was done, in words
        :raise Failure: when one of them does not come up
        """
        settings, state = self._settings, self._state()
        noted = settings.etc / "running"
        current = noted.exists() and noted.read_text() == state
        started = supervisors.ensure(settings, CONTROL)
        if not current:
            for name in {*supervisors.PROGRAMS[CONTROL]} - started:
                supervisors.restart(settings, CONTROL, name)
                started.add(name)
        started.update(supervisors.adopt(settings, CONTROL))
        if started:
            wait()
        files.write(noted, state, mode=0o600)
        return "started " + ", ".join(sorted(started)) if started else "unchanged"

    def shut_down(self):
        """Stop both services, and what a killed run left beside them.

        :return: whether anything ran
        """
        return supervisors.shut_down(self._settings, CONTROL)

    def wake(self):
        """Have both services start, as they were configured last.

        :return: whether they had to be started
        """
        return supervisors.wake(self._settings, CONTROL)

    def _state(self):
        digest = hashlib.sha256(release.code_hash(self._settings).encode())
        for name in master_conf.OWNERS:
            digest.update((self._settings.etc / name).read_bytes())
        return digest.hexdigest()


class OnSwarm:
    """Both services are those of swarm/master.yml; the verbs are the same.

    :param Settings settings: the platform
    """

    def __init__(self, settings):
        self._settings = settings
        self._stack = master_stack.of(settings)

    def bring_up(self, wait):
        done = master_stack.deploy(self._settings)
        if done != "unchanged":
            wait()
        return done

    def shut_down(self):
        # One of a release that had them here, and what a killed run left.
        left = supervisors.shut_down(self._settings, CONTROL)
        runs = not swarm.trouble_of(self._settings) and self._stack.stop()
        return left or runs

    def wake(self):
        return self._stack.start()
