"""The Debian 12 below our images: a registry's, else one made by debootstrap."""

import shutil
from dataclasses import dataclass

from .commands import cure_of, last_words, own_environment, try_run
from .odoo_tree import find_mirror
from .packages import install_missing
from .runner import Failure

OF_REGISTRY = "debian:12-slim"


@dataclass(frozen=True)
class Base:
    """A Debian 12 with what an image needs, so that its build needs no network.

    :param str made: what it is called at the engine where we made it
    :param str archive: its file in the cache
    """

    made: str
    archive: str
    packages: tuple


ODOO = Base(
    "saasodoo-base:12",
    "base-bookworm.tar",
    ("ca-certificates", "fonts-dejavu-core", "python3"),
)
EDGE = Base(
    "saasodoo-base-edge:12",
    "base-edge-bookworm.tar",
    ("ca-certificates", "nginx-light", "redis-server"),
)


def find_or_make(settings, docker, base):
    """Return the name of a base, which the engine has afterwards.

    :param Docker docker: the engine
    :param Base base: which one
    :raise Failure: when neither a registry nor a Debian mirror can be reached
    """
    for name, command in (
        (base.made, ("image", "inspect", base.made)),
        (OF_REGISTRY, ("pull", "-q", OF_REGISTRY)),
    ):
        if docker.try_run(*command).returncode == 0:
            return name
    archive = _find_or_bootstrap(settings, base)

    def write(stream):
        with open(archive, "rb") as file:
            shutil.copyfileobj(file, stream)

    docker.send("import", "-", base.made, write=write)
    return base.made


def _find_or_bootstrap(settings, base):
    """Return a root file system as an archive, made once a machine."""
    archive = settings.cache / base.archive
    if archive.exists():
        return archive
    install_missing(("debootstrap",))
    mirror, release = find_mirror()
    root = settings.cache / ".base.new"
    shutil.rmtree(root, ignore_errors=True)
    command = [
        "debootstrap", "--variant=minbase", f"--include={','.join(base.packages)}",
        release, root, mirror,
    ]  # fmt: skip
    result = try_run(command, environment=own_environment())
    if result.returncode:
        cure = f"check the network, or have the engine hold {OF_REGISTRY}"
        raise Failure(
            f"no base image could be made: {last_words(result.stdout)}",
            cure_of(result.stdout, cure),
        )
    for folder in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc"):
        shutil.rmtree(root / folder, ignore_errors=True)
    fresh = archive.with_name(f".{base.archive}.new")
    tar = ["tar", "-C", root, "--one-file-system", "-cf", fresh, "."]
    result = try_run(tar)
    if result.returncode:
        cure = cure_of(result.stdout, "")
        raise Failure(f"tar failed: {last_words(result.stdout)}", cure)
    fresh.rename(archive)
    shutil.rmtree(root)
    return archive
