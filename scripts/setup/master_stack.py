"""The stack of swarm/master.yml: the master's two services on a swarm."""

import pwd

from . import master_conf, master_image
from .accounts import JOBS, WEB
from .stack import Stack

SERVICES = ("web", "jobs")
ADDONS = "/usr/lib/saasodoo/addons"  # where docker/master/Dockerfile has them


def of(settings):
    """Return the stack."""
    return Stack(settings, "master", SERVICES)


def deploy(settings):
    """Have the stack run with the present image and configuration.

    :return: what was done, in words
    :raise Failure: where a service does not come up, or Swarm went back
    """
    variables = {
        "MASTER_IMAGE": master_image.find_or_build(settings, settings.docker_host),
        "WEB_UID": str(pwd.getpwnam(WEB).pw_uid),
        "JOBS_UID": str(pwd.getpwnam(JOBS).pw_uid),
        "ENGINE": settings.docker_host.removeprefix("unix://"),
    }
    content = master_conf.render(settings, ADDONS)
    content["tenant.conf"] = (settings.run / "code/swarm-tenant.conf").read_text()
    content = {name: text.encode() for name, text in content.items()}
    return of(settings).deploy(variables, content)
