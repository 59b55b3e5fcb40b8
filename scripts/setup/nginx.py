"""nginx's configuration and the notice pages."""

from . import files, processes, rpc, supervisors
from .commands import run
from .settings import CHECKOUT

CONFIGURATIONS = tuple(f.name for f in (CHECKOUT / "config/nginx").glob("*.conf"))
PORTS = ("master", "internal", "tenants")
BINARY = "/usr/sbin/nginx"


def prepare(settings):
    """Write the configuration and the pages.

    :return: whether nginx must read them again
    """
    values = settings.placeholders() | {"minfds": supervisors.open_files()}
    values["if_ipv6"] = "" if processes.has_ipv6() else "# "
    changes = [
        files.write(settings.etc / name, files.render(f"nginx/{name}", values))
        for name in CONFIGURATIONS
    ]
    for page in (CHECKOUT / "config/nginx/notice").glob("*.html"):
        files.write(settings.run / "nginx/notice" / page.name, page.read_bytes())
    return any(changes)


def addresses():
    """Return the loopback addresses that nginx listens on, on each of its ports."""
    return ("127.0.0.1", "::1") if processes.has_ipv6() else ("127.0.0.1",)


def check(settings):
    """Have nginx check its configuration, as the user who reloads it.

    :raise Failure: with nginx's words
    """
    conf = settings.etc / "nginx-check.conf"
    return run([BINARY, "-e", "stderr", "-t", "-c", conf], user="saas-jobs")


def reload(settings):
    """Have nginx read its configuration again, without losing a request."""
    socket = settings.run / supervisors.DATA / "supervisor.sock"
    rpc.connect(socket).signalProcess("nginx", "HUP")
