"""Where this machine's own runtime lies: told by the configuration of `jobs` alone.

These paths are run as commands, so no row may name them: `web` can write rows.
"""

from dataclasses import dataclass
from pathlib import Path

from ..drivers.errors import PermanentInfraError
from ..drivers.helper import RootHelper
from ..drivers.helper_socket import SocketHelper
from .settings import get_settings


@dataclass(frozen=True)
class Embedded:
    """The embedded runtime's programs and files below the run folder."""

    run_dir: Path
    # Where the root helper listens for a `jobs` in a container, which has no sudo.
    helper_socket: Path | None = None

    def get_helper(self):
        """Build the client of the root helper."""
        if self.helper_socket:
            return SocketHelper(str(self.helper_socket))
        return RootHelper(("sudo", "-n", str(self.run_dir / "code/bin/root-helper")))

    @property
    def supervisor_socket(self):
        return str(self.run_dir / "data-plane/supervisor.sock")

    @property
    def routes_dir(self):
        return str(self.run_dir / "nginx/routes")

    @property
    def logins_dir(self):
        return str(self.run_dir / "mail/logins")

    @property
    def nginx_conf(self):
        return str(self.run_dir / "etc/nginx-check.conf")

    @property
    def swarm_conf_template(self):
        return self.run_dir / "code/swarm-tenant.conf"

    nginx = "/usr/sbin/nginx"


def get_embedded():
    """Return the embedded runtime of this process.

    :raise PermanentInfraError: where this process drives no machine
    """
    settings = get_settings()
    if not settings.run_dir:
        raise PermanentInfraError(
            "Only the service `jobs` of this machine drives it.",
            cure="Set run_dir in the section [saasodoo] of its configuration.",
        )
    return Embedded(settings.run_dir, settings.helper_socket)
