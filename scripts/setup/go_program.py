"""A program in Go: the binary that is there, else built once from its module.

`go install` refuses a module with replacements, so that its source is built.
"""

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from .commands import PATH, cure_of, own_environment, run, try_run
from .locks import waiting
from .runner import Failure


@dataclass(frozen=True, kw_only=True)
class GoProgram:
    """What is built, and of what.

    :param str name: what people call it; in small letters its file
    :param str module: where Go finds it, without the version
    :param str package: the folder of its program in the module
    :param str variable: the one that the version is built into
    :param tuple go: the oldest Go that builds it
    :param dict files: text by path, of what is generated and not in the module
    """

    name: str
    version: str
    module: str
    package: str
    variable: str
    go: tuple
    files: dict = field(default_factory=dict)

    def find_or_build(self, settings):
        """Return the binary, building it the first time.

        :rtype: Path
        :raise Failure: when it cannot be had
        """
        binary = self.path(settings)
        settings.cache.mkdir(parents=True, exist_ok=True)
        with waiting(settings.cache / ".lock"):
            if not self.is_whole(binary):
                self._build(binary)
        return binary

    def path(self, settings):
        """Return where the binary lies, or will."""
        return settings.cache / f"{self.name.lower()}-{self.version}"

    def is_whole(self, binary):
        """Tell whether a file is the program in the version that we want.

        :param Path binary: where it should lie
        """
        if not binary.exists():
            return False
        result = try_run([binary, "version"])
        return result.returncode == 0 and self.version in result.stdout.split()

    def _build(self, binary):
        """Build aside, so that a killed run is no harm."""
        go = self._find_go(binary)
        work = binary.with_name(f".{binary.name}.new")
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(self._download(go, binary), work)
        run(["chmod", "-R", "u+w", work])
        for name, text in self.files.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_text(text)
        command = [
            go, "build", "-C", work, "-trimpath",
            "-ldflags", f"-s -w -X {self.variable}={self.version}",
            "-o", work / "program.built", self.package,
        ]  # fmt: skip
        result = try_run(command, environment=_environment(), seconds=7200)
        if result.returncode:
            raise self._failure(result.stdout, binary)
        (work / "program.built").rename(binary)
        shutil.rmtree(work)

    def _find_go(self, binary):
        """Return a Go that is new enough: of the PATH, or where its archive puts it."""
        for folder in (*os.environ.get("PATH", PATH).split(":"), "/usr/local/go/bin"):
            go = Path(folder) / "go"
            if go.exists() and _version(go) >= self.go:
                return go
        raise Failure(
            f"{self.name} {self.version} is not here, and no Go that could build it",
            self._cure(binary),
        )

    def _download(self, go, binary):
        command = [go, "mod", "download", "-json", f"{self.module}@v{self.version}"]
        result = try_run(command, environment=_environment())
        try:
            return json.loads(result.stdout)["Dir"]
        except (ValueError, KeyError) as error:
            raise self._failure(result.stdout, binary) from error

    def _failure(self, output, binary):
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        words = [line for line in lines if "go: downloading" not in line]
        return Failure(
            f"{self.name} {self.version} cannot be built: "
            f"{' | '.join(words[-3:])[:300]}",
            cure_of(output, self._cure(binary)),
        )

    def _cure(self, binary):
        oldest = ".".join(map(str, self.go))
        return (
            f"put a {self.name} {self.version} at {binary}, or a Go of {oldest} or "
            "newer into the PATH, and check the network and Go's GOPROXY"
        )


def _version(go):
    result = try_run([go, "env", "GOVERSION"], environment=_environment())
    numbers = result.stdout.strip().removeprefix("go").split(".")[:2]
    return tuple(int(n) if n.isdecimal() else 0 for n in numbers)


def _environment():
    """Return the environment of Go: one package at a time leaves a core to others."""
    flags = {"CGO_ENABLED": "0", "GOFLAGS": "-p=1 -buildvcs=false"}
    return {"HOME": "/root"} | own_environment() | flags
