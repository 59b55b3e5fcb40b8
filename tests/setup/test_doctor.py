"""What the doctor says of a master, by what its database answers."""

import dataclasses

import pytest

from scripts.setup import doctor, files, logrotate, postgresql
from scripts.setup.choices import load
from scripts.setup.doctor import control, machine, servers, tenants
from scripts.setup.settings import USUAL_RUN


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
    trouble, cure = look(control.check_changes, settings)
    assert trouble.endswith("frozen since 2026-01-02 03:04 UTC: storage is being moved")
    assert cure.endswith(f"scripts/saasctl --run-dir {settings.run} unfreeze")

    master("")
    assert look(control.check_changes, settings)[0] == ""


@pytest.mark.parametrize(("ready", "is_well"), [("0", False), ("1", True)])
def test_without_a_ready_template_nobody_gets_an_instance(
    settings, master, ready, is_well
):
    master(ready)
    trouble, cure = look(control.check_template, settings)
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
    assert look(control.check_command_line, settings) == (trouble, cure)


def test_a_key_file_that_is_gone_is_told(settings, master):
    master("89")
    trouble, cure = look(control.check_command_line, settings)
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
        monkeypatch.setattr(tenants.supervisors, "states", lambda *_: listed)

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
    assert look(tenants.check_tenants, settings) == (
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
    monkeypatch.setattr(control.master, "is_healthy", lambda _: True)
    monkeypatch.setattr(control.master, "status_of", lambda *_: status)
    found = {one.name: one.trouble for one in control.check_services(settings)}
    assert found["closed paths"] == trouble


def test_the_making_of_a_template_is_no_tenant(settings, supervisor):
    supervisor(**{f"task.platform.{INSTANCE}.0a1b2c": ("odoo_task", "FATAL")})
    assert not doctor._look(tenants.check_tenants, settings)


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
    there = {
        part
        for room in (machine, servers, control, tenants)
        for name, part in vars(room).items()
        if name.startswith("check_")
    }
    assert there == set(doctor.PARTS)


def test_a_secret_that_others_may_read_is_named(settings):
    (settings.run / "platform.env").touch(0o600)
    secret = settings.etc / "admin-password"
    secret.touch(0o600)
    assert look(machine.check_secrets, settings)[0] == ""

    secret.chmod(0o604)
    trouble, cure = look(machine.check_secrets, settings)
    assert trouble == f"others may read {secret}"
    assert cure.startswith(f"chmod o= {secret}")


def test_what_lies_outside_is_as_we_wrote_it(settings, tmp_path, monkeypatch):
    rotation = tmp_path / "logrotate"
    monkeypatch.setattr(type(settings), "logrotate", rotation)
    monkeypatch.setattr(type(settings), "sudoers", tmp_path / "sudoers")
    monkeypatch.setattr(machine.reboot, "SYSTEMD", tmp_path / "none")

    def troubles():
        found = doctor._look(machine.check_outside, settings)
        return {one.name.split()[0]: one.trouble for one in found}

    gone = "it is missing, or was changed"
    assert troubles() == {"file": gone, "rotation": gone}
    files.write(rotation, logrotate._text(settings))
    assert troubles() == {"file": gone, "rotation": ""}
    rotation.write_text("")
    assert troubles() == {"file": gone, "rotation": gone}


def test_who_else_may_change_what_the_platform_runs_is_named(settings, master):
    master("mia@acme.test, tom@acme.test")
    trouble, cure = look(control.check_administrators, settings)
    assert trouble == "mia@acme.test, tom@acme.test may change what the platform runs"
    assert "Settings > Users" in cure
    master("")
    assert look(control.check_administrators, settings)[0] == ""


def test_who_answers_at_a_tenants_port_is_named(settings, monkeypatch):
    port = settings.tenant_ports[7]
    monkeypatch.setattr(tenants.tenants, "are_held_to_ports", lambda _: True)
    found = [("127.0.0.1", port, "nc (process 7)"), ("::", settings.ports["web"], "x")]
    monkeypatch.setattr(tenants.checks, "strangers", lambda *_: found)

    held, taken = doctor._look(tenants.check_ports, settings)

    assert held.trouble == ""
    assert taken.name == f"port {port} (tenants)"
    assert taken.trouble == "nc (process 7) has it at 127.0.0.1, which is not ours"
