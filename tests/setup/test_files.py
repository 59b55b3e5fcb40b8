import os

import pytest

from scripts.setup import files
from scripts.setup.runner import Failure


def test_an_equal_file_is_left_alone(tmp_path):
    path = tmp_path / "a.conf"

    assert files.write(path, "one", mode=0o640)
    written = path.stat()
    assert not files.write(path, "one", mode=0o640)

    assert path.stat().st_ino == written.st_ino
    assert written.st_mode & 0o777 == 0o640


def test_wrong_rights_are_put_right(tmp_path):
    path = tmp_path / "key"
    files.write(path, "secret", mode=0o400)
    path.chmod(0o644)

    assert files.write(path, "secret", mode=0o400)
    assert path.stat().st_mode & 0o777 == 0o400


def test_what_a_killed_run_left_is_no_obstacle(tmp_path):
    (tmp_path / ".a.conf.new").write_text("half")

    files.write(tmp_path / "a.conf", "whole")

    assert os.listdir(tmp_path) == ["a.conf"]


def test_a_closed_parent_is_named(tmp_path):
    tmp_path.chmod(0o755)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    assert files.unreachable_parent(closed / "not/yet") is not None


def test_every_template_is_filled_in():
    values = dict.fromkeys(("run", "platform"), "x")

    with pytest.raises(Failure, match="which nothing fills in"):
        files.render("odoo/web.conf", values)
