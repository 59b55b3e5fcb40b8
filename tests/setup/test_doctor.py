"""What the doctor says of a master, by what its database answers."""

import pytest

from scripts.setup import doctor, postgresql
from scripts.setup.settings import load


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "etc").mkdir()
    return load({"RUN_DIR": str(tmp_path)})


@pytest.fixture
def master(monkeypatch):
    """Have the master's database answer.

    :return: a function that takes the answer
    """

    def answer(text):
        monkeypatch.setattr(postgresql, "run_sql", lambda *_arguments: text)

    return answer


def look(part, settings):
    [finding] = doctor._look(part, settings)
    return finding.trouble, finding.cure


def test_a_frozen_platform_is_told_with_since_when_and_why(settings, master):
    master("2026-01-02 03:04 UTC: storage is being moved")
    trouble, cure = look(doctor._changes, settings)
    assert trouble.endswith("frozen since 2026-01-02 03:04 UTC: storage is being moved")
    assert "saasctl unfreeze" in cure

    master("")
    assert look(doctor._changes, settings)[0] == ""


@pytest.mark.parametrize(("ready", "is_well"), [("0", False), ("1", True)])
def test_without_a_ready_template_nobody_gets_an_instance(
    settings, master, ready, is_well
):
    master(ready)
    trouble, cure = look(doctor._template, settings)
    assert (trouble == "") == is_well
    assert cure == "saasctl template build --wait"


@pytest.mark.parametrize(
    ("days", "trouble"),
    [
        ("89", ""),
        ("14", ""),
        ("13", "it ends in 13 days"),
        ("-1", "it is over"),
        ("", "the master knows none"),
    ],
)
def test_the_command_lines_key_is_renewed_in_time(settings, master, days, trouble):
    (settings.etc / "saasctl.key").write_text("key")
    master(days)
    assert look(doctor._command_line, settings) == (trouble, "sudo saasctl login")


def test_a_key_file_that_is_gone_is_told(settings, master):
    master("89")
    trouble, cure = look(doctor._command_line, settings)
    assert trouble.endswith("saasctl.key is missing")
    assert cure == "sudo saasctl login"


def test_every_part_is_looked_at():
    names = {part.__name__ for part in doctor.PARTS}
    assert {"_changes", "_template", "_command_line"} <= names
