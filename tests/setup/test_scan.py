"""Programs built in Go, and the bill of what is in our images."""

import json
from dataclasses import replace

import pytest

from scripts.setup import go_program, images, scan
from scripts.setup.choices import load
from scripts.setup.go_program import GoProgram
from scripts.setup.runner import Failure, Report

PROGRAM = GoProgram(
    name="Tool",
    version="1.2.3",
    module="example.test/tool",
    package="./cmd/tool",
    variable="main.version",
    go=(1, 25),
)
# Writes what it is asked for, as the real one does.
STUB = """#!/bin/sh
[ "$1" = version ] && { echo "Version: 1.57.1"; exit; }
[ "$2" = docker:sha256:broken ] && { echo "no such image"; exit 1; }
for word; do
    case "$word" in
        spdx-json=*) echo "{\\"name\\": \\"$2 of $DOCKER_HOST\\"}" >"${word#*=}" ;;
        syft-table=*) printf 'NAME\\nopenssl\\nodoo\\n' >"${word#*=}" ;;
    esac
done
"""


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "run").mkdir()
    cache = tmp_path / "cache"
    cache.mkdir()
    found = load({"RUN_DIR": str(tmp_path / "run"), "CACHE_DIR": str(cache)})
    return replace(found, docker_host="unix:///run/docker.sock")


@pytest.fixture
def syft(settings):
    path = scan.SYFT.path(settings)
    path.write_text(STUB)
    path.chmod(0o755)


def test_without_a_go_one_line_says_what_to_do(settings, monkeypatch):
    monkeypatch.setattr(go_program, "_version", lambda go: (1, 19))
    with pytest.raises(Failure, match="Tool 1.2.3 is not here, and no Go") as caught:
        PROGRAM.find_or_build(settings)
    assert f"put a Tool 1.2.3 at {settings.cache}/tool-1.2.3, or a Go of 1.25" in (
        caught.value.cure
    )


def test_a_binary_of_another_version_is_not_taken(settings):
    binary = PROGRAM.path(settings)
    for said, whole in (("Version: 1.2.4", False), ("Version: 1.2.3", True)):
        binary.write_text(f"#!/bin/sh\necho {said}\n")
        binary.chmod(0o755)
        assert PROGRAM.is_whole(binary) is whole


@pytest.mark.usefixtures("syft")
def test_each_image_has_a_bill_and_a_list_beside_the_platform(settings, monkeypatch):
    found = {"tenant": "sha256:1", "edge": "sha256:2"}
    monkeypatch.setattr(scan, "_images", lambda settings: found)

    bills = scan.scan(settings, Report())

    folder = settings.run / "sbom"
    assert bills == [folder / "tenant.spdx.json", folder / "edge.spdx.json"]
    told = json.loads(bills[0].read_text())["name"]
    assert told == "docker:sha256:1 of unix:///run/docker.sock"
    assert "openssl" in (folder / "tenant.txt").read_text()


@pytest.mark.usefixtures("syft")
def test_an_image_that_cannot_be_read_is_told_in_the_tools_words(settings, monkeypatch):
    monkeypatch.setattr(scan, "_images", lambda settings: {"edge": "sha256:broken"})
    with pytest.raises(Failure, match="syft failed: no such image"):
        scan.scan(settings, Report())


def test_a_platform_without_an_engine_has_no_images(settings):
    with pytest.raises(Failure, match="for a Docker Swarm alone"):
        scan.scan(replace(settings, docker_host=""), Report())


def test_every_image_of_ours_is_looked_at(settings, monkeypatch):
    monkeypatch.setattr(images, "find_or_build", lambda _settings, kind, *_others: kind)
    both = ("the edge", "the official one")
    monkeypatch.setattr(scan.edge_image, "find_or_build", lambda *_arguments: both)
    found = scan._images(settings)
    assert {*found} == {"tenant", "master", "edge", "traefik"}
    ours = {
        path.parent.name
        for path in images.dockerfile("tenant").parents[1].glob("*/Dockerfile")
    }
    assert ours - {*found} == {"odoo"}  # those of tenant and master stand on it
