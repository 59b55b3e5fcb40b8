"""What the doctor says of a master, by what its database answers."""

import dataclasses

import pytest

from scripts.setup import doctor, postgresql
from scripts.setup.settings import USUAL_RUN, load


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
    assert cure.endswith(f"scripts/saasctl --run-dir {settings.run} unfreeze")

    master("")
    assert look(doctor._changes, settings)[0] == ""


@pytest.mark.parametrize(("ready", "is_well"), [("0", False), ("1", True)])
def test_without_a_ready_template_nobody_gets_an_instance(
    settings, master, ready, is_well
):
    master(ready)
    trouble, cure = look(doctor._template, settings)
    assert (trouble == "") == is_well
    assert cure == settings.saasctl("template build --wait")


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
    cure = settings.saasctl("login")
    assert look(doctor._command_line, settings) == (trouble, cure)


def test_a_key_file_that_is_gone_is_told(settings, master):
    master("89")
    trouble, cure = look(doctor._command_line, settings)
    assert trouble.endswith("saasctl.key is missing")
    assert cure == settings.saasctl("login")


@pytest.fixture
def supervisor(monkeypatch):
    """Have the data plane's supervisor answer, by process name as it lists them."""

    def answer(**states):
        listed = {
            name: {"name": name, "group": group, "statename": state}
            for name, (group, state) in states.items()
        }
        monkeypatch.setattr(doctor.supervisors, "states", lambda *_: listed)

    return answer


INSTANCE = "11111111-1111-4111-8111-111111111111"


def test_a_tenant_that_does_not_come_up_is_told_with_its_log_and_its_name(
    settings, supervisor
):
    supervisor(
        **{
            "nginx": ("nginx", "RUNNING"),
            f"service.platform.{INSTANCE}.0a1b2c": ("odoo_11111111", "BACKOFF"),
        }
    )
    assert look(doctor._tenants, settings) == (
        "it is backoff",
        f"read {settings.log}/tenants/odoo_11111111.log; "
        + settings.saasctl(f"instance restart {INSTANCE}"),
    )


@pytest.mark.parametrize(
    ("status", "trouble"),
    [(404, ""), (0, ""), (200, "/queue_job/ is open to visitors")],
)
def test_a_path_is_open_only_where_somebody_answers(
    settings, monkeypatch, status, trouble
):
    monkeypatch.setattr(doctor.master, "is_healthy", lambda _: True)
    monkeypatch.setattr(doctor.master, "status_of", lambda *_: status)
    found = {one.name: one.trouble for one in doctor._services(settings)}
    assert found["closed paths"] == trouble


def test_the_making_of_a_template_is_no_tenant(settings, supervisor):
    supervisor(**{f"task.platform.{INSTANCE}.0a1b2c": ("odoo_task", "FATAL")})
    assert not doctor._look(doctor._tenants, settings)


def test_the_usual_cure_names_the_platform_where_it_was_moved(
    settings, monkeypatch, capsys
):
    broken = doctor.Finding("web", "it is away")
    monkeypatch.setattr(doctor, "PARTS", [lambda _: [broken]])

    assert doctor.examine(settings) == 1
    assert f"cure: make up RUN_DIR={settings.run}\n" in capsys.readouterr().out

    usual = dataclasses.replace(settings, run=USUAL_RUN)
    doctor.examine(usual)
    assert "cure: make up\n" in capsys.readouterr().out


def test_every_part_is_looked_at():
    names = {part.__name__ for part in doctor.PARTS}
    assert {"_changes", "_template", "_command_line"} <= names
