"""Reconcile ten thousand instances that exist in a database and in memory alone.

The listings are served from memory: what is measured is all that comes besides.
"""

from in_odoo import answer, ask
from measure import Stopwatch, summarise

COUNT = 10_000
DRIFTED = 10


def reconcile_many(target, runs):
    """Measure on a clone of the tests' database.

    :param target: the ``Platform``; its ``etc/test.conf`` names the database
    :param int runs: how often
    :return: figures by name
    :rtype: dict
    """
    seconds = ask(target, __file__, runs)
    return {f"reconcile {COUNT} instances, besides the listing": seconds}


def measure(registry, runs):
    """Reconcile with Odoo, and sum up.

    :param int runs: how often; each time others have drifted
    """
    from odoo import SUPERUSER_ID, api

    from odoo.addons.saas_master.tests.common import make_fleet
    from odoo.addons.saas_master.tests.many_instances import (
        insert_instances,
        list_from_memory,
        serve_from_memory,
    )

    seconds = []
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        fleet = make_fleet(env)
        insert_instances(env, fleet, COUNT)
        cluster = fleet.cluster.id
    for run in range(runs):
        dead = {f"odoo_{run * DRIFTED + number + 1}" for number in range(DRIFTED)}
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            place = env["saas.cluster"].browse(cluster)
            listings = list_from_memory(env, place, dead)
            with serve_from_memory(listings), Stopwatch() as watch:
                report = env["saas.reconcile"]._reconcile()
                cr.commit()
            assert len(report["repaired"]) == DRIFTED, report["alarms"]
        seconds.append(watch.seconds)
    return summarise(seconds)


if __name__ == "__main__":
    answer(measure)
