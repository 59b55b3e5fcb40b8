"""Traefik: the binary that is there, else built once from its Go module.

Debian has no package of it, and `go install` refuses a module with replacements.
"""

import json
import os
import shutil
from pathlib import Path

from .commands import PATH, own_environment, run, try_run
from .locks import waiting
from .runner import Failure

VERSION = "3.6.12"
MODULE = f"github.com/traefik/traefik/v3@v{VERSION}"
GO = (1, 25)
# Stands in for the dashboard, which is not served.
PAGE = "<!doctype html><title>Traefik</title>\n"
CURE = (
    f"put a Traefik {VERSION} at {{binary}}, or a Go of {GO[0]}.{GO[1]} or newer "
    "into the PATH, and check the network and Go's GOPROXY"
)


def find_or_build(settings):
    """Return the binary, building it the first time.

    :rtype: Path
    :raise Failure: when it cannot be had
    """
    binary = path(settings)
    settings.cache.mkdir(parents=True, exist_ok=True)
    with waiting(settings.cache / ".lock"):
        if not is_whole(binary):
            _build(binary)
    return binary


def path(settings):
    """Return where the binary lies, or will."""
    return settings.cache / f"traefik-{VERSION}"


def is_whole(binary):
    """Tell whether a file is a Traefik of the version that we want.

    :param Path binary: where it should lie
    """
    if not binary.exists():
        return False
    result = try_run([binary, "version"])
    return result.returncode == 0 and VERSION in result.stdout.split()


def _build(binary):
    """Build aside, so that a killed run is no harm."""
    go = _find_go(binary)
    work = binary.with_name(f".{binary.name}.new")
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(_download(go, binary), work)
    run(["chmod", "-R", "u+w", work])
    (work / "webui/static").mkdir(parents=True, exist_ok=True)
    (work / "webui/static/index.html").write_text(PAGE)
    version = f"github.com/traefik/traefik/v3/pkg/version.Version={VERSION}"
    command = [
        go, "build", "-C", work, "-trimpath", "-ldflags", f"-s -w -X {version}",
        "-o", work / "traefik.built", "./cmd/traefik",
    ]  # fmt: skip
    result = try_run(command, environment=_environment(), seconds=7200)
    if result.returncode:
        raise _failure(result.stdout, binary)
    (work / "traefik.built").rename(binary)
    shutil.rmtree(work)


def _find_go(binary):
    """Return a Go that is new enough, from the PATH or where its archive puts it."""
    for folder in (*os.environ.get("PATH", PATH).split(":"), "/usr/local/go/bin"):
        go = Path(folder) / "go"
        if go.exists() and _version(go) >= GO:
            return go
    raise Failure(
        f"Traefik {VERSION} is not here, and no Go that could build it",
        CURE.format(binary=binary),
    )


def _version(go):
    result = try_run([go, "env", "GOVERSION"], environment=_environment())
    numbers = result.stdout.strip().removeprefix("go").split(".")[:2]
    return tuple(int(n) if n.isdecimal() else 0 for n in numbers)


def _download(go, binary):
    command = [go, "mod", "download", "-json", MODULE]
    result = try_run(command, environment=_environment())
    try:
        return json.loads(result.stdout)["Dir"]
    except (ValueError, KeyError) as error:
        raise _failure(result.stdout, binary) from error


def _environment():
    """Return the environment of Go: one package at a time leaves a core to others."""
    flags = {"CGO_ENABLED": "0", "GOFLAGS": "-p=1 -buildvcs=false"}
    return {"HOME": "/root"} | own_environment() | flags


def _failure(output, binary):
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    words = [line for line in lines if "go: downloading" not in line]
    return Failure(
        f"Traefik {VERSION} cannot be built: {' | '.join(words[-3:])[:300]}",
        CURE.format(binary=binary),
    )
