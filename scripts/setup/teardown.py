"""Stop a platform, or remove it: only its own processes, only its own files."""

import os
import shutil
import sys

from . import (
    control_plane,
    killbill_ports,
    logrotate,
    reboot,
    storages,
    supervisors,
    swarm_services,
    tenants,
)
from .runner import Failure


def stop_master(settings):
    """Stop the master's two services.

    :return: what was done, in words
    """
    return _in_words(control_plane.of(settings).shut_down())


def stop_all(settings, report, *, removing=False):
    """Stop both planes, and what tenants left running beside them.

    :param bool removing: have the engine forget what is the platform's
    """
    report.step("control plane", stop_master, settings)
    if settings.on_swarm:
        end = swarm_services.remove if removing else swarm_services.stop
        report.step("services of the swarm", end, settings)
    report.step("data plane", _stop_data_plane, settings)
    report.step("tenants' leftovers", tenants.end_all, settings)


def confirm(settings):
    """Ask before everything is removed; YES=1 answers for scripts.

    :raise Failure: when the answer is no, or nobody is there to ask
    """
    if os.environ.get("YES") == "1":
        return
    if not sys.stdin.isatty():
        cure = "make reset YES=1, which removes all data without asking"
        raise Failure("nobody is there to confirm", cure)
    print(f"This removes the platform in {settings.run}: the master, every tenant,")
    print("all their data and keys. Nothing can bring them back.")
    if input('Type "remove" to go on: ').strip() != "remove":
        raise Failure("nothing was removed")


def remove(settings):
    """Remove the platform's folder, and what is its own outside of that.

    That is data on other storages, its sudo rule, its unit of systemd and its logs'
    rotation. Users, Debian packages and the cache stay: other platforms may use them.

    :return: what was removed, in words
    """
    if not settings.on_swarm:
        tenants.forget_ports(settings)
    if settings.with_killbill:
        killbill_ports.forget(settings)
    storages.clear(settings)
    swarm_services.release_folder(settings)
    reboot.remove(settings)
    logrotate.remove(settings)
    settings.sudoers.unlink(missing_ok=True)
    # The mark goes last: a removal that was cut off can be repeated.
    for path in sorted(settings.run.iterdir(), key=settings.choices.__eq__):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    settings.run.rmdir()
    return f"removed {settings.run}"


def _stop_data_plane(settings):
    return _in_words(supervisors.shut_down(settings, supervisors.DATA))


def _in_words(ran):
    return "stopped" if ran else "was not running"
