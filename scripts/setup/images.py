"""The images of master and tenant, built on one Docker engine.

What they hold is what runs here without Docker: the same tree of Odoo, the same Python
packages, the same add-ons, bytecode included.
"""

import hashlib
import subprocess
import tarfile
from contextlib import suppress
from pathlib import Path

from . import base_image
from .commands import last_words, own_environment, try_run
from .runner import Failure
from .settings import CHECKOUT

KINDS = ("tenant", "master")
CONTENT = "saasodoo.content"
DIST_PACKAGES = "usr/lib/python3/dist-packages"
LEFT_OUT = {"__pycache__", "tests"}


class Docker:
    """The command line of Docker, for one engine.

    :param str host: where the engine listens, as ``unix:///path``
    """

    def __init__(self, host):
        self._command = ["docker", "-H", host]
        # The classic builder needs no plug-in, and is in every engine.
        self._environment = own_environment(DOCKER_BUILDKIT="0")

    def try_run(self, *words):
        """Run a command; how it ends is for the caller to judge."""
        return try_run([*self._command, *words], environment=self._environment)

    def send(self, *words, write):
        """Run a command that reads an archive.

        :param write: writes the archive to a binary stream
        :return: what it said
        :raise Failure: when it fails
        """
        with subprocess.Popen(
            [*map(str, (*self._command, *words))],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            # It may have ended already; its last words say why.
            with suppress(BrokenPipeError):
                write(process.stdin)
            output = process.communicate()[0].decode(errors="replace")
        if process.returncode:
            raise Failure(f"docker {words[0]} failed: {last_words(output)}")
        return output


def find_or_build(settings, kind, host):
    """Return the image of what the platform's folder of code has now.

    :param str kind: tenant or master
    :param str host: where the engine listens
    :return: the image's id, ``sha256:…``
    :raise Failure: when it cannot be built
    """
    docker = Docker(host)
    content = _content(settings, kind)
    wanted = f"label={CONTENT}={content}"
    found = docker.try_run("images", "-q", "--no-trunc", "--filter", wanted)
    if found.returncode:
        raise Failure(
            f"the Docker engine at {host} cannot be used: {last_words(found.stdout)}",
            "start it, or name another one",
        )
    if known := found.stdout.split():
        return known[0]
    base = base_image.find_or_make(settings, docker)
    output = docker.send(
        "build", "-q", "--build-arg", f"BASE={base}",
        "--label", f"{CONTENT}={content}", "-t", f"saasodoo-{kind}:{content}", "-",
        write=lambda stream: _write_context(stream, settings, kind),
    )  # fmt: skip
    return output.split()[-1]


def _content(settings, kind):
    """Tell one content of an image from another, without reading all of it."""
    code = settings.run / "code"
    digest = hashlib.sha256(_dockerfile(kind).read_bytes())
    for path in (code / "odoo", code / "venv"):
        digest.update(str(path.resolve()).encode())
    digest.update(str((code / "odoo/odoo/release.py").stat().st_mtime_ns).encode())
    for path in sorted((code / kind).rglob("*")):
        if path.is_file() and not {*path.parts} & LEFT_OUT:
            digest.update(str(path.relative_to(code)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _dockerfile(kind):
    return CHECKOUT / f"docker/{kind}/Dockerfile"


def _write_context(stream, settings, kind):
    code = settings.run / "code"
    site = next((code / "venv").resolve().glob("lib/python3.*/site-packages"))
    sources = _odoo_files((code / "odoo").resolve())
    sources |= {site: "python", code / kind: "addons"}
    # Docker tells an archive from a Dockerfile by its first 512 bytes: no PAX header.
    plain = tarfile.GNU_FORMAT
    with tarfile.open(fileobj=stream, mode="w|", format=plain) as archive:
        archive.add(_dockerfile(kind), "Dockerfile")
        for source, target in sources.items():
            archive.add(source, target, filter=_as_root)


def _odoo_files(tree):
    """Return what Odoo is made of -> where it lies in the context.

    Debian's tree has links to ../../../share; a source tree has add-ons beside it.

    :param Path tree: the folder that holds the package `odoo`
    """
    found = {tree / "odoo": f"odoo/{DIST_PACKAGES}/odoo"}
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
