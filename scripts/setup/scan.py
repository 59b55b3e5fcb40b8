"""What is in our images: a bill of materials (SPDX) of each, and a list to read."""

from . import edge_image, files, images, master_image
from .commands import own_environment, try_run
from .go_program import GoProgram
from .runner import Failure

SYFT = GoProgram(
    name="Syft",
    version="1.57.1",
    module="github.com/anchore/syft",
    package="./cmd/syft",
    variable="main.version",
    go=(1, 26),
)
SECONDS = 1800


def scan(settings, report):
    """Write the bill of each image below the platform's folder.

    :return: the files
    :rtype: list[Path]
    :raise Failure: without an engine, or a Syft
    """
    if not settings.docker_host:
        cure = (
            f"make up RUNTIME=swarm, in a RUN_DIR of its own: {settings.run} has none"
        )
        raise Failure("images are made for a Docker Swarm alone", cure)
    syft = report.step("Syft", SYFT.find_or_build, settings)
    folder = settings.run / "sbom"
    files.make_folder(folder, 0o755)
    found = _images(settings)
    for name, image in found.items():
        report.step(name, _write_bill, settings, syft, image, folder / name)
    return [folder / f"{name}.spdx.json" for name in found]


def _images(settings):
    """Return the images by name; those that are not here yet are built."""
    host = settings.docker_host
    edge, proxy = edge_image.find_or_build(settings, host)
    found = {
        "tenant": images.find_or_build(settings, "tenant", host),
        "master": master_image.find_or_build(settings, host),
    }
    return found | {"edge": edge} | ({"traefik": proxy} if proxy != edge else {})


def _write_bill(settings, syft, image, target):
    """Write one image's bill and its list.

    :return: what was done, in words
    """
    bill, table = f"{target}.spdx.json", f"{target}.txt"
    command = [
        syft, "scan", f"docker:{image}", "--quiet",
        "-o", f"spdx-json={bill}", "-o", f"syft-table={table}",
    ]  # fmt: skip
    environment = own_environment(
        DOCKER_HOST=settings.docker_host,
        HOME="/root",
        # It asks nobody whether there is a newer one.
        SYFT_CHECK_FOR_APP_UPDATE="false",
    )
    result = try_run(command, environment=environment, seconds=SECONDS)
    if result.returncode:
        lines = result.stdout.strip().splitlines() or ["it said nothing"]
        raise Failure(
            f"syft failed: {lines[-1][:300]}", f"look at {settings.docker_host}"
        )
    with open(table, encoding="utf-8") as file:
        return f"{sum(1 for _ in file) - 1} packages"
