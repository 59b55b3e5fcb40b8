"""Logs do not fill the disk: Debian's logrotate turns them over."""

from . import files
from .commands import run
from .reboot import SYSTEMD


def install(settings):
    """Have logrotate know the platform's logs.

    :return: whether anything changed
    """
    changed = files.write(settings.logrotate, _text(settings))
    if changed and SYSTEMD.exists():
        # Packages start nothing while we install them, this timer neither.
        run(["systemctl", "start", "logrotate.timer"])
    return changed


def is_as_written(settings):
    """Tell whether logrotate knows them, as we would tell it now."""
    return files.is_as_written(settings.logrotate, _text(settings))


def remove(settings):
    """Have logrotate forget them."""
    settings.logrotate.unlink(missing_ok=True)


def _text(settings):
    return files.render("logrotate.conf", settings.placeholders())
