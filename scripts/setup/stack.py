"""The stack of swarm/edge.yml: what stands between people and tenants."""

import hashlib
import pwd

from . import certificates, edge_image, files, folders, swarm
from .accounts import PROXY, REDIS
from .docker_cli import Docker
from .runner import Failure, wait_for
from .settings import CHECKOUT
from .swarm_services import list_names, stack_name

FILE = CHECKOUT / "swarm/edge.yml"
SERVICES = ("redis", "notice", "traefik")
TEMPLATES = (
    "redis/redis.conf",
    "redis/redis-users.acl",
    "traefik/notice.conf",
    "traefik/traefik.yml",
    "traefik/traefik-shared.yml",
)
# Where things lie inside the containers, as swarm/edge.yml mounts them.
INSIDE = {
    "redis_address": "redis",
    "redis_bind": "*",
    "port_redis": "6379",
    "redis_socket": "/socket/redis.sock",
    "redis_data": "/data",
    "redis_acl": "/run/secrets/redis-users",
    "notice_address": "notice",
    "notice_bind": "0.0.0.0",
    "port_notice": "8080",
    "notice_temp": "/tmp",
    "notice_root": "/usr/share/saasodoo",
    "traefik_address": "",
    "ops_address": "",
    "scheme": "https",
    "access_log": "",
    "traefik_shared": "/etc/traefik-shared.yml",
    "entry_tls": "\n    http: {tls: {}}",
    "certificates": (
        "\ntls:\n  stores:\n    default:\n      defaultCertificate:"
        " {certFile: /run/secrets/tls.pem, keyFile: /run/secrets/tls.key}"
    ),
}
SETTLE_SECONDS = 180
ENDED = ("paused", "rollback_started", "rollback_paused", "rollback_completed")


def deploy(settings):
    """Have the stack run with the present images and configuration.

    :return: what was done, in words
    :raise Failure: where a service does not come up, or Swarm went back
    """
    docker = Docker(settings.docker_host)
    images = edge_image.find_or_build(settings, settings.docker_host)
    variables = _variables(settings, docker, *images)
    words = "\n".join(f"{n}={v}" for n, v in sorted(variables.items()))
    state = hashlib.sha256(FILE.read_bytes() + words.encode()).hexdigest()
    noted = settings.etc / "stack"
    current = noted.exists() and noted.read_text() == state
    if current and not _missing(settings, docker):
        _wait(settings, docker)
        return "unchanged"
    noted.unlink(missing_ok=True)
    docker.run(
        "stack", "deploy", "-c", FILE, "--resolve-image", "never", stack_name(settings),
        **variables,
    )  # fmt: skip
    _wait(settings, docker)
    _prune(settings, docker)
    files.write(noted, state, mode=0o600)
    return "deployed"


def roll_back(settings):
    """Bring the stack's services back to what they were before the last deployment.

    :return: what was done, in words
    """
    docker = Docker(settings.docker_host)
    found = docker.inspect("service", _names(settings))
    names = [s["Spec"]["Name"] for s in found if s.get("PreviousSpec")]
    for each in names:
        docker.run("service", "rollback", "-d", "-q", each)
    # The next deployment is one, whatever it was the last time.
    (settings.etc / "stack").unlink(missing_ok=True)
    _wait(settings, docker, rolled_back=True)
    return "rolled back " + ", ".join(names) if names else "nothing to go back to"


def troubles(settings):
    """Say how each service is; empty where it is well.

    :rtype: dict[str, str]
    """
    docker = Docker(settings.docker_host)
    missing = _missing(settings, docker)
    found = {}
    for each in _names(settings):
        is_well = each not in missing and _runs(docker, each)
        found[each] = "" if is_well else _complaint(docker, each, each in missing)
    return found


def redis_socket(settings):
    """Return where Redis listens for `jobs`."""
    return settings.run / "redis/socket/redis.sock"


def describe(settings):
    """Return what the master must know of Redis, Traefik and certificates."""
    given = settings.tls_cert
    authority = certificates.authority(settings).read_text()
    return {
        "redis_socket": str(redis_socket(settings)),
        "redis_password": folders.kept_password(settings, "routes"),
        "ping_url": f"http://127.0.0.1:{settings.ports['ops']}/ping",
        "ca_certificate": "" if given else authority,
        "database_ca_certificate": authority,
    }


def _variables(settings, docker, edge, traefik):
    """Return the variables of the stack's file; write the files that it names."""
    proxy, redis = pwd.getpwnam(PROXY), pwd.getpwnam(REDIS)
    node = docker.run("info", "-f", "{{.Swarm.NodeID}}")
    return {
        "PLATFORM": settings.platform,
        "STACK": stack_name(settings),
        "NODE": node,
        "RUN": str(settings.run),
        "FILES": str(_folder(settings)),
        "EDGE_IMAGE": edge,
        "TRAEFIK_IMAGE": traefik,
        "CELL": swarm.cell_name(settings),
        "EDGE": swarm.edge_name(settings),
        "REDIS_UID": str(redis.pw_uid),
        "REDIS_USER": f"{redis.pw_uid}:{redis.pw_gid}",
        "PROXY_UID": str(proxy.pw_uid),
        "PROXY_USER": f"{proxy.pw_uid}:{proxy.pw_gid}",
        **{
            f"PORT_{which.upper()}": str(settings.ports[which])
            for which in ("tenants", "redirect", "ops")
        },
        **_write_files(settings),
    }


def _write_files(settings):
    """Write what becomes secrets and configurations.

    :return: a variable for each, with as much of its digest as a name needs
    """
    values = settings.placeholders() | INSIDE
    for which in ("routes", "traefik"):
        values[f"password_{which}"] = folders.kept_password(settings, which)
    content = {
        template.partition("/")[2]: files.render(template, values).encode()
        for template in TEMPLATES
    }
    certificate, key = certificates.wildcard(settings)
    for file, path in (("tls.pem", certificate), ("tls.key", key)):
        with open(path, "rb") as source:
            content[file] = source.read()
    found = {}
    for file, text in content.items():
        files.write(_folder(settings) / file, text, mode=0o600)
        digest = hashlib.sha256(text).hexdigest()[:12]
        found[f"HASH_{_variable(file)}"] = digest
    return found


def _variable(file):
    return "".join(c if c.isalnum() else "_" for c in file).upper()


def _folder(settings):
    return settings.run / "stack"


def _names(settings):
    return [f"{stack_name(settings)}_{service}" for service in SERVICES]


def _missing(settings, docker):
    return {*_names(settings)} - {*list_names(settings, docker)}


def _wait(settings, docker, *, rolled_back=False):
    """Wait until each service runs as it was told to.

    :raise Failure: where it does not, with its own words
    """
    for each in _names(settings):
        wait_for(
            lambda each=each: _settled(docker, each, rolled_back=rolled_back),
            SETTLE_SECONDS,
            f"the service {each}",
            f"docker -H {docker.host} service ps --no-trunc {each}",
        )


def _settled(docker, each, *, rolled_back):
    [found] = docker.inspect("service", [each])
    state = (found.get("UpdateStatus") or {}).get("State", "")
    if state in ENDED and not rolled_back:
        raise Failure(
            f"{each} did not come up and went back: {_last_error(docker, each)}",
            f"docker -H {docker.host} service logs {each}",
        )
    moving = state in ("updating", "rollback_started")
    return not moving and _runs(docker, each)


def _runs(docker, each):
    """Tell whether its one task runs, which it does once it is healthy."""
    listed = docker.run(
        "service", "ls", "--filter", f"name={each}", "--format", "{{.Replicas}}"
    )
    return listed.startswith("1/1")


def _complaint(docker, each, missing):
    if missing:
        return "it is missing"
    return _last_error(docker, each) or "it does not run"


def _last_error(docker, each):
    words = ("--no-trunc", "--format", "{{.Error}}")
    errors = filter(None, docker.lines("service", "ps", *words, each))
    return next(errors, "").strip('"')


def _prune(settings, docker):
    """Remove secrets and configurations that no service has, nor had before."""
    used = set()
    for service in docker.inspect("service", _names(settings)):
        for spec in (service["Spec"], service.get("PreviousSpec") or {}):
            container = spec.get("TaskTemplate", {}).get("ContainerSpec", {})
            used |= {each["SecretID"] for each in container.get("Secrets") or []}
            used |= {each["ConfigID"] for each in container.get("Configs") or []}
    label = f"label=com.docker.stack.namespace={stack_name(settings)}"
    chosen = ("--filter", label, "-q")
    for kind in ("secret", "config"):
        if old := {*docker.lines(kind, "ls", *chosen)} - used:
            docker.try_run(kind, "rm", *old)
