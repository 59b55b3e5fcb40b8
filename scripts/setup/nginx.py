"""nginx's configuration and the notice pages."""

from . import files, processes, rpc, supervisors
from .accounts import JOBS, PROXY
from .commands import run
from .folders import kept_password
from .settings import CHECKOUT

OF_MASTER = (
    "nginx.conf",
    "nginx-check.conf",
    "nginx-servers.conf",
    "nginx-master-headers.conf",
)
OF_TENANTS = ("nginx-tenants.conf", "nginx-listen.conf")
# `jobs` has nginx check all of it; nobody else reads the secret.
SECRET = {"nginx-master-headers.conf": {"mode": 0o440, "owner": JOBS, "group": PROXY}}
BINARY = "/usr/sbin/nginx"


def prepare(settings):
    """Write the configuration and the pages.

    :return: whether nginx must read them again
    """
    values = settings.placeholders() | {"minfds": supervisors.open_files()}
    values["if_ipv6"] = "" if processes.has_ipv6() else "# "
    values["if_tenants"] = "# " if settings.on_swarm else ""
    values["proxy_password"] = kept_password(settings, "proxy")
    changes = [
        files.write(
            settings.etc / name,
            files.render(f"nginx/{name}", values),
            **SECRET.get(name, {}),
        )
        for name in OF_MASTER + (() if settings.on_swarm else OF_TENANTS)
    ]
    for page in (CHECKOUT / "config/nginx/notice").glob("*.html"):
        files.write(settings.run / "nginx/notice" / page.name, page.read_bytes())
    return any(changes)


def ports(settings):
    """Return the names of the ports that nginx has: on Swarm tenants' are Traefik's."""
    if settings.database_only:
        return ()
    return ("master", "internal", *([] if settings.on_swarm else ["tenants"]))


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
