"""What one look of the watch at a swarm costs: it is taken each three seconds."""

import statistics

from drivers.swarm import SwarmDriver
from drivers.watch import look
from measure import Stopwatch, summarise


def look_around(platform, count):
    """Look at all tenants, as `jobs` does without pause.

    :param int count: how often
    :return: the figures
    """
    driver = SwarmDriver(
        address=platform.setting("DOCKER_HOST"),
        platform=platform.setting("PLATFORM_UUID"),
        conf_template="",
    )
    seconds, seen = [], []
    for _ in range(count):
        with Stopwatch() as watch:
            sight = look(platform, driver)
        assert not sight.error, sight.error
        seconds.append(watch.seconds)
        seen.append(len(sight.services))
    tenants = round(statistics.median(seen))
    return {"a look of the watch": {**summarise(seconds), "tenants": tenants}}
