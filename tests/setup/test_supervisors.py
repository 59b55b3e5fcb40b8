"""A supervisor is shut down with all tenants at once, however many there are."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.setup import supervisors
from scripts.setup.choices import load
from scripts.setup.runner import wait_for

SUPERVISORD = Path(sys.executable).with_name("supervisord")
CONF = """\
[supervisord]
pidfile={run}/data-plane/supervisord.pid
logfile=/dev/null
logfile_maxbytes=0
nodaemon=true
[unix_http_server]
file={run}/data-plane/supervisor.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
# As the root helper writes them: the process has another name than its group.
TENANT = """\
[program:odoo_{number}]
process_name=service.platform.{number}.digest
command={python} {script} {folder} {number}
startsecs=0
stopwaitsecs=3
"""
# Ends well only when each of the others was told to end as well.
SCRIPT = """\
import pathlib, signal, sys, time
folder, number = pathlib.Path(sys.argv[1]), sys.argv[2]

def end(*_):
    (folder / f"told-{number}").touch()
    while len(list(folder.glob("told-*"))) < 3:
        time.sleep(0.01)
    (folder / f"ended-{number}").touch()
    sys.exit()

signal.signal(signal.SIGTERM, end)
(folder / f"ready-{number}").touch()
time.sleep(60)
"""


@pytest.fixture
def settings(tmp_path):
    """A platform with a data plane of three tenants, and nothing else."""
    (tmp_path / "data-plane/locks").mkdir(parents=True)
    script, conf = tmp_path / "tenant.py", tmp_path / "supervisor.conf"
    script.write_text(SCRIPT)
    places = {"python": sys.executable, "script": script, "folder": tmp_path}
    tenants = [TENANT.format(number=number, **places) for number in range(3)]
    conf.write_text(CONF.format(run=tmp_path) + "".join(tenants))
    settings = load({"RUN_DIR": str(tmp_path)})
    process = subprocess.Popen(
        [SUPERVISORD, "-c", conf],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(lambda: len([*tmp_path.glob("ready-*")]) == 3, 20, "three tenants")
    yield settings
    process.terminate()
    process.wait()


def test_tenants_are_told_to_end_all_at_once(settings):
    assert supervisors.shut_down(settings, supervisors.DATA)

    ended = sorted(path.name for path in settings.run.glob("ended-*"))
    assert ended == ["ended-0", "ended-1", "ended-2"]
