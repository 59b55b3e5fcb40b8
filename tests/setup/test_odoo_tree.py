import dataclasses
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from scripts.setup import odoo_tree, release
from scripts.setup.choices import load
from scripts.setup.odoo_tree import find_mirror
from scripts.setup.runner import Failure

DEB822 = """\
# URIs: http://old.example/debian
Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: http://mirror.example/debian http://second.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
"""
ONE_LINE = """\
# deb http://old.example/debian bookworm main
deb [arch=amd64] https://tools.example/apt stable main
deb [signed-by=/usr/share/keyrings/x.gpg] http://mirror.example/debian bookworm main
"""


@pytest.fixture
def apt(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def test_the_mirror_is_the_machines_own(apt):
    (apt / "sources.list.d/debian.sources").write_text(DEB822)

    assert find_mirror(apt) == ("http://mirror.example/debian", "bookworm")


def test_a_disabled_source_is_no_mirror(apt):
    (apt / "sources.list.d/a.sources").write_text(
        DEB822.replace("Types: deb", "Enabled: no\nTypes: deb")
    )
    (apt / "sources.list").write_text(ONE_LINE.replace("mirror", "other"))

    assert find_mirror(apt)[0] == "http://other.example/debian"


def test_lines_of_the_old_form_are_read_and_comments_are_not(apt):
    (apt / "sources.list").write_text(ONE_LINE)

    assert find_mirror(apt)[0] == "http://mirror.example/debian"


def test_a_machine_without_debian_12_is_told_what_to_do(apt):
    with pytest.raises(Failure, match="ODOO_SOURCE"):
        find_mirror(apt)


@pytest.fixture
def tree():
    """A source tree of Odoo 19, as small as can be, that every user may read."""
    with tempfile.TemporaryDirectory(prefix="saasodoo-setup-", dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        (Path(name) / "odoo").mkdir()
        (Path(name) / "odoo/__init__.py").touch()
        (Path(name) / "odoo/release.py").write_text("version_info = (19, 0)\n")
        yield Path(name)


@pytest.fixture
def settings(tree, tmp_path):
    """A platform that runs that tree."""
    settings = load({"RUN_DIR": str(tmp_path), "CACHE_DIR": str(tmp_path)})
    (tmp_path / "code").mkdir()
    (tmp_path / "code/odoo").symlink_to(tree)
    (tmp_path / "code/venv").symlink_to(tmp_path)
    return settings


def commit(tree):
    git = ["git", "-C", tree, "-c", "user.name=x", "-c", "user.email=x@x.test"]
    subprocess.run([*git, "init", "-q"], check=True)
    words = ["commit", "-q", "--allow-empty", "-m", "x"]
    subprocess.run([*git, *words], check=True)


def touch(tree):
    os.utime(tree / "odoo/release.py")


def test_an_odoo_that_only_the_shells_python_imports_is_found(tree, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tree))

    assert odoo_tree._importable() == tree


def test_an_odoo_of_another_release_is_not_taken(tree, monkeypatch):
    (tree / "odoo/release.py").write_text("version_info = (18, 0)\n")
    monkeypatch.setenv("PYTHONPATH", str(tree))

    assert odoo_tree._importable() != tree


@pytest.mark.parametrize(
    ("part", "mode"), [("odoo", 0o700), ("odoo/release.py", 0o600)]
)
def test_a_tree_that_only_root_can_read_is_refused_with_its_cure(
    tree, settings, monkeypatch, part, mode
):
    (tree / part).chmod(mode)

    given = dataclasses.replace(settings, odoo_source=str(tree))
    with pytest.raises(Failure, match=rf"cannot read {tree}\. Cure: chmod -R o\+rX"):
        odoo_tree.find_or_unpack(given)
    monkeypatch.setenv("PYTHONPATH", str(tree))
    assert odoo_tree._importable() != tree


UPDATE = "\nErr:1 http://mirror.example/debian bookworm InRelease\n"


@pytest.mark.parametrize(
    ("said", "complaint", "cure"),
    [
        (
            UPDATE + "W: Failed to fetch http://mirror.example: no address",
            "Failed to fetch",
            "check the network, or make up ODOO_SOURCE=",
        ),
        (
            "E: You don't have enough free space in /var/cache/saasodoo/debs",
            "enough free space",
            "make room",
        ),
    ],
)
def test_an_odoo_that_cannot_be_had_is_told_with_its_cure(
    settings, monkeypatch, said, complaint, cure
):
    def fail(words, **_options):
        # apt ends well where a list cannot be had.
        return subprocess.CompletedProcess(words, 100 * said.startswith("E:"), said)

    monkeypatch.setattr(odoo_tree, "_importable", lambda: None)
    monkeypatch.setattr(odoo_tree, "find_mirror", lambda: ("http://x", "bookworm"))
    monkeypatch.setattr(odoo_tree, "try_run", fail)

    with pytest.raises(Failure, match=f"cannot be had from Debian: .*{complaint}") as e:
        odoo_tree.find_or_unpack(settings)

    assert e.value.cure.startswith(cure)
    # What was begun is aside; the next run begins anew.
    assert not (settings.cache / odoo_tree.NAME).exists()


def test_what_web_may_write_upgrades_the_master_where_it_changed(
    tree, settings, tmp_path, monkeypatch
):
    grants = tmp_path / "grants.sql"
    monkeypatch.setattr(release, "WEB_GRANTS", grants)
    grants.write_text("REVOKE")
    before = release.code_hash(settings)
    assert release.code_hash(settings) == before
    grants.write_text("GRANT")
    assert release.code_hash(settings) != before


@pytest.mark.parametrize("change", [commit, touch])
def test_another_state_of_the_tree_is_compiled_and_upgrades_the_master(
    tree, settings, change
):
    commit(tree)
    odoo_tree._compile(settings, tree)
    [compiled] = tree.rglob("release.*.pyc")
    before = release.code_hash(settings)
    compiled.unlink()
    odoo_tree._compile(settings, tree)
    assert (release.code_hash(settings), compiled.exists()) == (before, False)

    change(tree)
    odoo_tree._compile(settings, tree)

    assert release.code_hash(settings) != before
    assert compiled.exists()
