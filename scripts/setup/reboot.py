"""The platform comes back with the machine: a unit of systemd, and what it starts."""

from pathlib import Path

from . import (
    checks,
    control_plane,
    data_plane,
    files,
    killbill,
    killbill_ports,
    master,
    supervisors,
)
from .commands import run, try_run
from .runner import Failure
from .settings import CHECKOUT

SYSTEMD = Path("/run/systemd/system")  # It is there where systemd runs.


def start(settings, report):
    """Start what is installed, as it was configured last: no network, no installation.

    :raise Failure: where something does not come up
    """
    if not (settings.etc / "installed").exists():
        raise Failure(f"no platform is installed in {settings.run}", "make up")
    report.step("checks", checks.check_machine, settings)
    report.step("data plane", _wake_data_plane, settings)
    report.step("control plane", _wake_master, settings)


def install(settings):
    """Have systemd start the platform after a reboot.

    :return: what was done, in words
    """
    if not SYSTEMD.exists():
        return f"no systemd: after a reboot, {settings.make()}"
    changed = files.write(settings.unit, _text(settings))
    if changed:
        run(["systemctl", "daemon-reload"])
    run(["systemctl", "enable", "--now", "--quiet", settings.unit.name])
    return "starts with the machine" if changed else "unchanged"


def is_as_written(settings):
    """Tell whether systemd knows the platform, as we would tell it now."""
    return files.is_as_written(settings.unit, _text(settings))


def remove(settings):
    """Have systemd forget the platform; where it no longer runs, its file goes."""
    if settings.unit.exists():
        try_run(["systemctl", "disable", "--now", "--quiet", settings.unit.name])
        settings.unit.unlink()
        try_run(["systemctl", "daemon-reload"])


def _text(settings):
    places = {"cache": settings.cache, "checkout": CHECKOUT}
    # systemd takes % for one of its own placeholders.
    values = {name: str(path).replace("%", "%%") for name, path in places.items()}
    return files.render("systemd/platform.service", settings.placeholders() | values)


def _wake_data_plane(settings):
    data_plane.hold_tenants(settings)
    if settings.with_killbill:
        killbill_ports.close(settings)
    woken = supervisors.wake(settings, supervisors.DATA)
    data_plane.wake(settings)
    if settings.with_killbill:
        killbill.wait_until_up(settings)
    return "started" if woken else "unchanged"


def _wake_master(settings):
    woken = control_plane.of(settings).wake()
    master.wait_until_up(settings)
    return "started" if woken else "unchanged"
