"""The images of what stands between people and tenants."""

import hashlib
import tempfile

from . import base_image, images, traefik
from .docker_cli import Docker
from .settings import CHECKOUT

OFFICIAL = f"traefik:v{traefik.VERSION}"
PAGES = CHECKOUT / "config/nginx/notice"


def find_or_build(settings, host):
    """Return the image of Redis and the notice pages, and the one of Traefik.

    :param str host: where the engine listens
    :return: two references to one content each; the same one where none can be pulled
    :rtype: tuple[str, str]
    """
    docker = Docker(host)
    official = _find_official(docker)
    # Where it could not be pulled once, each `make up` would wait for that again.
    if not official and not images.find(docker, "edge", _content(with_traefik=True)):
        docker.try_run("pull", "-q", OFFICIAL)
        official = _find_official(docker)
    edge = _build(settings, docker, with_traefik=not official)
    return edge, official or edge


def _find_official(docker):
    """Return Traefik's official image by its digest where the engine has it."""
    words = ("image", "inspect", "-f", "{{index .RepoDigests 0}}", OFFICIAL)
    found = docker.try_run(*words)
    return None if found.returncode else found.stdout.strip()


def _build(settings, docker, *, with_traefik):
    # Without a Traefik the folder is there, and empty.
    with tempfile.TemporaryDirectory() as empty:
        sources = {PAGES: "notice", empty: "bin"}
        if with_traefik:
            sources[traefik.PROGRAM.find_or_build(settings)] = "bin/traefik"
        return images.build_once(
            docker,
            "edge",
            _content(with_traefik=with_traefik),
            lambda: base_image.find_or_make(settings, docker, base_image.EDGE),
            sources,
        )


def _content(*, with_traefik):
    digest = hashlib.sha256(images.dockerfile("edge").read_bytes())
    digest.update(traefik.VERSION.encode() if with_traefik else b"")
    for page in sorted(PAGES.glob("*.html")):
        digest.update(page.name.encode() + page.read_bytes())
    return images.shorten(digest)
