"""The stack of swarm/edge.yml: what stands between people and tenants."""

import pwd

from . import certificates, edge_image, files, folders, swarm
from .accounts import PROXY, REDIS
from .stack import Stack

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


def of(settings):
    """Return the stack."""
    return Stack(settings, "edge", SERVICES)


def deploy(settings):
    """Have the stack run with the present images and configuration.

    :return: what was done, in words
    :raise Failure: where a service does not come up, or Swarm went back
    """
    images = edge_image.find_or_build(settings, settings.docker_host)
    return of(settings).deploy(_variables(settings, *images), _content(settings))


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


def _variables(settings, edge, traefik):
    proxy, redis = pwd.getpwnam(PROXY), pwd.getpwnam(REDIS)
    return {
        "EDGE_IMAGE": edge,
        "TRAEFIK_IMAGE": traefik,
        "CELL": swarm.cell_name(settings),
        "EDGE": swarm.edge_name(settings),
        "REDIS_UID": str(redis.pw_uid),
        "REDIS_USER": f"{redis.pw_uid}:{redis.pw_gid}",
        "PROXY_UID": str(proxy.pw_uid),
        "PROXY_USER": f"{proxy.pw_uid}:{proxy.pw_gid}",
    }


def _content(settings):
    """Return what becomes secrets and configurations."""
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
    return content
