"""Measure inside Odoo: a script starts itself again in the platform's Python.

It works on a clone of the tests' database.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path


def ask(target, script, runs):
    """Have a script measure in the platform's Python.

    :param target: the ``Platform``; its ``etc/test.conf`` names the database
    :param str script: a file that ends with :func:`answer`
    :param int runs: how often
    :return: what it measured
    """
    python = target.run_dir / "code/venv/bin/python"
    command = [python, script, target.run_dir / "etc/test.conf", str(runs)]
    told = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, timeout=900
    )
    return json.loads(told.stdout)


def answer(measure):
    """Measure in the Odoo of the configuration that was named; print JSON.

    Nothing of the outside is reached.

    :param measure: gets the registry and how often
    """
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-c", str(Path(sys.argv[1]).resolve())], setup_logging=False)
    registry, runs = Registry(config["db_name"][0]), int(sys.argv[2])
    from odoo.addons.saas_master.tests.common import FakeOutside

    with tempfile.TemporaryDirectory() as folder, FakeOutside(folder):
        print(json.dumps(measure(registry, runs)))
