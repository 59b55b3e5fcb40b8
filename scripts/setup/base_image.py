"""The Debian 12 below our images: a registry's, else one made by debootstrap."""

import shutil

from .commands import last_words, own_environment, try_run
from .odoo_tree import find_mirror
from .packages import install_missing
from .runner import Failure

OF_REGISTRY = "debian:12-slim"
MADE = "saasodoo-base:12"
PACKAGES = ("ca-certificates", "fonts-dejavu-core", "python3")


def find_or_make(settings, docker):
    """Return the name of the base, which the engine has afterwards.

    :param Docker docker: the engine
    :raise Failure: when neither a registry nor a Debian mirror can be reached
    """
    for name, command in (
        (MADE, ("image", "inspect", MADE)),
        (OF_REGISTRY, ("pull", "-q", OF_REGISTRY)),
    ):
        if docker.try_run(*command).returncode == 0:
            return name
    archive = _find_or_bootstrap(settings)

    def write(stream):
        with open(archive, "rb") as file:
            shutil.copyfileobj(file, stream)

    docker.send("import", "-", MADE, write=write)
    return MADE


def _find_or_bootstrap(settings):
    """Return a root file system as an archive, made once a machine."""
    archive = settings.cache / "base-bookworm.tar"
    if archive.exists():
        return archive
    install_missing(("debootstrap",))
    mirror, release = find_mirror()
    root = settings.cache / ".base.new"
    shutil.rmtree(root, ignore_errors=True)
    command = [
        "debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}",
        release, root, mirror,
    ]  # fmt: skip
    result = try_run(command, environment=own_environment())
    if result.returncode:
        raise Failure(
            f"no base image could be made: {last_words(result.stdout)}",
            f"check the network, or have the engine hold {OF_REGISTRY}",
        )
    for folder in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc"):
        shutil.rmtree(root / folder, ignore_errors=True)
    fresh = archive.with_name(".base-bookworm.tar.new")
    tar = ["tar", "-C", root, "--one-file-system", "-cf", fresh, "."]
    result = try_run(tar)
    if result.returncode:
        raise Failure(f"tar failed: {last_words(result.stdout)}")
    fresh.rename(archive)
    shutil.rmtree(root)
    return archive
