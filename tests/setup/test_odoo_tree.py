import pytest

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
