"""Programs in Java, brought by Maven and kept in the cache."""

import shutil

from .commands import cure_of, own_environment, try_run
from .locks import waiting
from .runner import Failure


def find_or_fetch(settings, artifact):
    """Return the file of an artifact, fetching it the first time.

    :param str artifact: group:name:version:type
    :rtype: Path
    :raise Failure: when it cannot be had
    """
    _, name, version, kind = artifact.split(":")
    file = settings.cache / f"{name}-{version}.{kind}"
    settings.cache.mkdir(parents=True, exist_ok=True)
    with waiting(settings.cache / ".lock"):
        if not file.exists():
            _fetch(artifact, file)
    return file


def _fetch(artifact, file):
    """Fetch aside, so that a killed run is no harm."""
    work = file.with_name(f".{file.name}.new")
    shutil.rmtree(work, ignore_errors=True)
    command = [
        "mvn", "-B", "-q", f"-Dmaven.repo.local={work}/repository",
        "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={work}",
    ]  # fmt: skip
    result = try_run(command, environment={"HOME": "/root"} | own_environment())
    if result.returncode or not (work / file.name).exists():
        words = [line for line in result.stdout.splitlines() if "ERROR" in line]
        said = words[0].removeprefix("[ERROR] ")[:300] if words else "no such file"
        cure = f"check the network and ~/.m2/settings.xml, or put it at {file}"
        raise Failure(
            f"Maven cannot bring {artifact}: {said}", cure_of(result.stdout, cure)
        )
    (work / file.name).rename(file)
    shutil.rmtree(work)
