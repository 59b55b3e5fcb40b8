"""Look at several runtimes without pause, each beside the others.

Docker tells of the death of a container only on the node where it was, and of tasks
no manager sends events: its stream has services, nodes and secrets. A manager's listing
has the tasks of all nodes with the reason why each ended. So that listing, taken again
and again, is the stream: the same for every runtime, and nothing is missed while a
connection is made anew. A swarm waits for five seconds before it starts a tenant again,
so that no death falls between two looks.
"""

import queue
import threading
import time
from dataclasses import dataclass

from .errors import InfraError

PAUSE = 3


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What was there, or why nobody could look.

    :param key: which runtime
    :param float at: seconds since 1970, before the look
    """

    key: object
    at: float
    services: dict | None = None
    nodes: dict | None = None
    error: InfraError | None = None


@dataclass(frozen=True, kw_only=True)
class RoutesSight:
    """Whether a proxy has lost all of its routes; not where nobody could look."""

    key: object
    emptied: bool


@dataclass(frozen=True, kw_only=True)
class UsageSight:
    """What each service uses; who is not known is left out."""

    key: object
    usage: dict


def look(key, runtime):
    """Look at one runtime.

    :rtype: Sight
    """
    at = time.time()
    try:
        nodes = runtime.list_nodes()
        return Sight(key=key, at=at, services=runtime.list_services(), nodes=nodes)
    except InfraError as error:
        return Sight(key=key, at=at, error=error)


def look_at_routes(key, proxy):
    """Look whether a proxy has any route.

    :rtype: RoutesSight
    """
    try:
        return RoutesSight(key=key, emptied=proxy.is_emptied())
    except InfraError:
        return RoutesSight(key=key, emptied=False)


def look_at_usage(key, runtime):
    """Look what services use.

    :rtype: UsageSight
    """
    try:
        return UsageSight(key=key, usage=runtime.usage())
    except InfraError:
        return UsageSight(key=key, usage={})


class Watch:
    """Looks at runtimes or proxies until it is left; one that hangs holds no other up.

    :param dict drivers: by key
    :param float pause: seconds between two looks at the same one
    :param look: takes key and driver, returns what is seen
    """

    def __init__(self, drivers, pause=PAUSE, look=look):
        self._drivers = drivers
        self._pause = pause
        self._look = look
        self._sights = queue.Queue()
        self._ended = threading.Event()

    def __enter__(self):
        for key, driver in self._drivers.items():
            # A look that hangs does not keep the process from ending.
            threading.Thread(
                target=self._look_on, args=(key, driver), daemon=True
            ).start()
        return self

    def __exit__(self, *error):
        self._ended.set()

    def next(self, seconds):
        """Wait for what is seen next.

        :return: it, None where there was nothing for so long
        :rtype: Sight|RoutesSight|UsageSight|None
        """
        try:
            return self._sights.get(timeout=seconds)
        except queue.Empty:
            return None

    def _look_on(self, key, driver):
        while not self._ended.is_set():
            self._sights.put(self._look(key, driver))
            self._ended.wait(self._pause)
