"""Reconcile ten thousand instances that exist in a database and in memory alone.

The listings are served from memory: what is measured is all that comes besides. Called
by the bench, it starts itself again in the platform's Python, with the tests' database.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

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
    answer = subprocess.run(
        [
            target.run_dir / "code/venv/bin/python",
            __file__,
            target.run_dir / "etc/test.conf",
            str(runs),
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=900,
    )
    return {
        f"reconcile {COUNT} instances, besides the listing": json.loads(answer.stdout)
    }


def measure(runs):
    """Reconcile with Odoo, and sum up.

    :param int runs: how often; each time others have drifted
    """
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry
    from odoo.tools import config

    from odoo.addons.saas_master.tests.common import FakeOutside, make_fleet
    from odoo.addons.saas_master.tests.many_instances import (
        insert_instances,
        list_from_memory,
        serve_from_memory,
    )

    registry, seconds = Registry(config["db_name"][0]), []
    with tempfile.TemporaryDirectory() as folder, FakeOutside(folder):
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


def main():
    """Measure in the Odoo of a configuration file; print JSON."""
    from odoo.tools import config

    config.parse_config(["-c", str(Path(sys.argv[1]).resolve())], setup_logging=False)
    print(json.dumps(measure(int(sys.argv[2]))))


if __name__ == "__main__":
    main()
