"""The images of master and tenant, built on one Docker engine.

What they hold is what runs here without Docker: the same tree of Odoo, the same Python
packages, the same add-ons, bytecode included. Both stand on one image of all but ours.
"""

import hashlib
import tarfile
from pathlib import Path

from . import base_image
from .commands import last_words
from .docker_cli import Docker
from .runner import Failure
from .settings import CHECKOUT

CONTENT = "saasodoo.content"
DIST_PACKAGES = "usr/lib/python3/dist-packages"
LEFT_OUT = {"__pycache__", "tests"}


def find_or_build(settings, kind, host, others=None):
    """Return the image of what the platform's folder of code has now.

    :param str kind: tenant or master
    :param str host: where the engine listens
    :param dict others: folder -> where it lies in the build's context, beside add-ons
    :return: the image's id, ``sha256:…``
    :raise Failure: when it cannot be built
    """
    docker, addons = Docker(host), settings.run / "code" / kind
    odoo = _content_of_odoo(settings)
    sources = {addons: "addons"} | (others or {})
    digest = hashlib.sha256(odoo.encode() + dockerfile(kind).read_bytes())
    for source in sources:
        for path in sorted(source.rglob("*")):
            if path.is_file() and not {*path.parts} & LEFT_OUT:
                name = str(path.relative_to(source))
                digest.update(name.encode() + path.read_bytes())

    def make_base():
        return build_once(
            docker,
            "odoo",
            odoo,
            lambda: base_image.find_or_make(settings, docker, base_image.ODOO),
            _odoo_sources(settings),
        )

    return build_once(docker, kind, shorten(digest), make_base, sources)


def build_once(docker, kind, content, make_base, sources):
    """Return an image's id; it is built where the engine has none of that content.

    :param Docker docker: the engine
    :param str kind: the folder of docker/ with its Dockerfile
    :param str content: what tells it from what was built before
    :param make_base: returns the image that it stands on; called for a build alone
    :param dict sources: file or folder -> where it lies in the build's context
    """
    if known := find(docker, kind, content):
        return known
    output = docker.send(
        "build", "-q", "--network", "host", "--build-arg", f"BASE={make_base()}",
        "--label", f"{CONTENT}={kind}-{content}", "-t", f"saasodoo-{kind}:{content}",
        "-",
        write=lambda stream: _write_context(stream, kind, sources),
    )  # fmt: skip
    return output.split()[-1]


def find(docker, kind, content):
    """Return the id of an image that the engine has, or None."""
    wanted = f"label={CONTENT}={kind}-{content}"
    found = docker.try_run("images", "-q", "--no-trunc", "--filter", wanted)
    if found.returncode:
        raise Failure(
            f"the Docker engine at {docker.host} cannot be used: "
            f"{last_words(found.stdout)}",
            "start it, or name another one",
        )
    return next(iter(found.stdout.split()), None)


def dockerfile(kind):
    """Return the path of an image's Dockerfile."""
    return CHECKOUT / f"docker/{kind}/Dockerfile"


def shorten(digest):
    """Return as much of a digest as tells contents apart."""
    return digest.hexdigest()[:12]


def _content_of_odoo(settings):
    """Tell one content of Odoo's image from another, without reading all of it."""
    code = settings.run / "code"
    digest = hashlib.sha256(dockerfile("odoo").read_bytes())
    for path in (code / "odoo", code / "venv"):
        digest.update(str(path.resolve()).encode())
    digest.update(str((code / "odoo/odoo/release.py").stat().st_mtime_ns).encode())
    return shorten(digest)


def _write_context(stream, kind, sources):
    # Docker tells an archive from a Dockerfile by its first 512 bytes: no PAX header.
    plain = tarfile.GNU_FORMAT
    with tarfile.open(fileobj=stream, mode="w|", format=plain) as archive:
        archive.add(dockerfile(kind), "Dockerfile")
        for source, target in sources.items():
            archive.add(source, target, filter=_as_root)


def _odoo_sources(settings):
    """Return what Odoo is made of -> where it lies in the context.

    Debian's tree has links to ../../../share; a source tree has add-ons beside it.
    """
    code = settings.run / "code"
    tree = (code / "odoo").resolve()
    found = {
        tree / "odoo": f"odoo/{DIST_PACKAGES}/odoo",
        next((code / "venv").resolve().glob("lib/python3.*/site-packages")): "python",
    }
    if (tree / "addons").is_dir():
        found[tree / "addons"] = f"odoo/{DIST_PACKAGES}/addons"
    prefix = Path(str(tree).removesuffix(f"/{DIST_PACKAGES}"))
    if prefix not in (tree, Path("/")):
        found[prefix / "usr/share"] = "odoo/usr/share"
    return found


def _as_root(entry):
    """Give a file to root, readable by everybody; what is Git's stays out."""
    if ".git" in Path(entry.name).parts:
        return None
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mode = (entry.mode | 0o444 | (0o111 if entry.isdir() else 0)) & ~0o022
    return entry
