"""Logs do not fill the disk: Debian's logrotate turns them over."""

from . import files
from .commands import run
from .reboot import SYSTEMD


def install(settings):
    """Have logrotate know the platform's logs.

    :return: whether anything changed
    """
    text = files.render("logrotate.conf", settings.placeholders())
    changed = files.write(settings.logrotate, text)
    if changed and SYSTEMD.exists():
        # Packages start nothing while we install them, this timer neither.
        run(["systemctl", "start", "logrotate.timer"])
    return changed


def remove(settings):
    """Have logrotate forget them."""
    settings.logrotate.unlink(missing_ok=True)
