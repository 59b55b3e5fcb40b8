"""--wait shows the steps, survives a restart of the master, and ends with a code."""

import io
import json

import pytest

CREATE = (
    *("instance", "create", "--plan", "starter", "--subdomain", "acme"),
    *("--customer", "'; $(id) {{7*7}} <script>", "--email", "owner@acme.test"),
)


@pytest.fixture
def failing(creating, answers):
    """A master whose creation fails at its second step."""
    failed = answers["failed_operation"]
    creating.answers("operation_show", answers["operations"][1], failed)
    creating.answers("instance_show", {**answers["instance_show"], "status": "error"})
    return creating


def test_create_prints_the_instance_and_the_seconds_of_its_steps(saasctl, creating):
    result = saasctl(*CREATE, "--wait", "--json")
    document = json.loads(result.out)
    assert result.code == 0
    assert document["id"] == 7 and document["uuid"].startswith("0b9f4c0e")
    assert document["url"] == "http://acme.tenants.localhost:18080"
    assert document["status"] == "running"  # as it is now, not as it was asked for
    assert document["database"] == "odoo_cust12_0b9f4c0e"
    assert document["seconds"] == 1.31
    assert [(s["name"], s["seconds"]) for s in document["steps"]] == [
        ("place", 0.02),
        ("database", 0.21),
    ]
    assert document["operation"]["state"] == "done"


def test_create_sends_what_was_given_and_nothing_else(saasctl, creating):
    zone = ("--lang", "fr_FR", "--tz", "Europe/Paris")
    saasctl(*CREATE, "--no-trial", "--period", "annual", *zone)
    assert creating.called("instance_create") == {
        "plan": "starter",
        "subdomain": "acme",
        "customer": "'; $(id) {{7*7}} <script>",
        "email": "owner@acme.test",
        "period": "annual",
        "lang": "fr_FR",
        "tz": "Europe/Paris",
        "trial": False,
        "dry_run": False,
    }


def test_without_a_terminal_each_finished_step_is_one_line(saasctl, creating):
    result = saasctl(*CREATE, "--wait")
    assert [line.split() for line in result.err.splitlines()] == [
        ["0.02", "s", "done", "Find", "room"],
        ["0.21", "s", "done", "Clone", "the", "database"],
    ]
    assert "http://acme.tenants.localhost:18080" in result.out
    assert "1.31" in result.out


def test_without_wait_it_says_how_to_follow(saasctl, creating):
    result = saasctl(*CREATE)
    assert result.code == 0
    assert "saasctl operation show 42 --wait" in result.err
    assert "operation_show" not in creating.methods()


def test_json_has_the_same_place_for_everything_with_wait_or_without(saasctl, creating):
    document = json.loads(saasctl(*CREATE, "--json").out)
    assert document["url"] and document["status"] == "creating"
    assert document["operation"]["id"] == 42


def test_a_failed_operation_is_code_1_with_its_message(saasctl, failing):
    result = saasctl(*CREATE, "--wait")
    assert result.code == 1 and result.out == ""
    step, last = result.err.splitlines()[-2:]
    assert "failed" in step and "refuses connections" in step
    assert "refuses connections" in last
    assert "saasctl instance retry acme" in last


def test_a_failed_operation_is_one_document_with_all_that_is_known(saasctl, failing):
    result = saasctl(*CREATE, "--wait", "--json")
    document = json.loads(result.out)
    assert result.code == document["error"]["code"] == 1
    assert "refuses connections" in document["error"]["message"]
    assert document["uuid"] and document["status"] == "error"
    assert document["steps"][1]["state"] == "failed"


def test_a_refused_creation_is_code_4(saasctl, master):
    master.refuses("instance_create", "user_error")
    result = saasctl(*CREATE, "--wait", "--json")
    assert (result.code, json.loads(result.out)["error"]["code"]) == (4, 4)
    assert master.methods() == ["instance_create"]


def test_a_restart_of_the_master_does_not_end_the_wait(saasctl, creating, answers):
    creating.drops("operation_show", 2, answers["operations"][-1])
    result = saasctl(*CREATE, "--wait")
    assert result.code == 0 and "still waiting" in result.err


def test_a_master_that_stays_away_ends_the_wait(saasctl, creating, monkeypatch):
    monkeypatch.setattr("saasctl_cli.waiting.PATIENCE_SECONDS", 0)
    creating.drops("operation_show", 9)
    result = saasctl(*CREATE, "--wait", "--json")
    assert json.loads(result.out)["error"]["name"] == "unreachable"
    assert result.code == 1


def test_the_wait_has_a_limit_and_says_that_the_operation_goes_on(
    saasctl, creating, answers
):
    creating.answers("operation_show", answers["operations"][1])
    result = saasctl(*CREATE, "--wait", "--timeout", "0.2", "--json")
    error = json.loads(result.out)["error"]
    assert result.code == 1 and "not ended within 0.2 s" in error["message"]
    assert "saasctl operation show 42 --wait" in error["cure"]


def test_ctrl_c_ends_the_wait_and_not_the_operation(saasctl, creating, monkeypatch):
    def press(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr("saasctl_cli.waiting.time.sleep", press)
    result = saasctl(*CREATE, "--wait", "--json")
    document = json.loads(result.out)
    assert result.code == document["error"]["code"] == 130
    assert document["operation"]["id"] == 42
    assert "it goes on" in document["error"]["cure"]


def test_operation_show_follows_an_operation(saasctl, creating):
    result = saasctl("operation", "show", "42", "--wait", "--json")
    assert result.code == 0 and json.loads(result.out)["state"] == "done"


def test_operation_show_tells_a_failure_by_its_code_when_it_waited(saasctl, failing):
    assert saasctl("operation", "show", "42", "--wait").code == 1
    assert saasctl("operation", "show", "42").code == 0


def test_nothing_to_do_is_said(saasctl, master, answers):
    master.answers(
        "instance_resume", {"instance": answers["instance_show"], "operation": None}
    )
    result = saasctl("instance", "resume", "acme", "--wait")
    assert result.code == 0 and "nothing to do" in result.err


@pytest.fixture
def waiting(creating, answers):
    """A master that suspends acme once its creation, operation 42, has ended."""
    acme, [queued, *_rest, done] = answers["instance_show"], answers["operations"]
    suspend = {**done, "id": 43, "kind": "suspend", "label": "Suspend"}
    begun = {**acme, "status": "running", "operation": suspend}
    creating.answers(
        "instance_suspend",
        {"instance": acme, "operation": None, "waits_for": queued},
    )
    creating.answers("operation_show", *answers["operations"], suspend)
    creating.answers("instance_show", {**acme, "operation": done}, begun, begun)
    return creating


def test_what_has_to_wait_is_said_to_be_written_down(saasctl, waiting):
    result = saasctl("instance", "suspend", "acme", "--yes")
    assert result.code == 0 and "nothing to do" not in result.err
    assert "written down and follows “Create”, which is queued" in result.err
    assert "saasctl operation show 42 --wait" in result.err
    document = json.loads(saasctl("instance", "suspend", "acme", "--json").out)
    assert document["waits_for"]["id"] == 42 and document["operation"] is None


def test_the_wait_goes_on_to_the_end_of_what_had_to_wait(saasctl, waiting):
    result = saasctl("instance", "suspend", "acme", "--wait", "--json")
    document = json.loads(result.out)
    assert result.code == 0 and document["operation"]["kind"] == "suspend"
    assert document["operation"]["id"] == 43 and document["waits_for"] is None
    asked = [c.arguments for c in waiting.calls if c.method == "operation_show"]
    assert asked[0] == {"operation": 42} and asked[-1] == {"operation": 43}


def test_a_creation_that_fails_ends_the_wait_for_what_follows_it(
    saasctl, waiting, answers
):
    failed = answers["failed_operation"]
    left = {**answers["instance_show"], "provisioning_status": "provisioning"}
    waiting.answers("operation_show", failed)
    waiting.answers("instance_show", {**left, "status": "error", "operation": failed})
    result = saasctl("instance", "suspend", "acme", "--wait")
    assert result.code == 1 and "saasctl instance retry acme" in result.err


def test_what_never_begins_is_not_waited_for_for_ever(
    saasctl, waiting, answers, monkeypatch
):
    monkeypatch.setattr("saasctl_cli.waiting.OPENED_SECONDS", 0.2)
    done = answers["operations"][-1]
    waiting.answers("instance_show", {**answers["instance_show"], "operation": done})
    result = saasctl("instance", "suspend", "acme", "--wait")
    assert result.code == 1 and "has not begun" in result.err


def test_after_a_purge_there_is_nothing_left_to_show(saasctl, master, answers):
    purged = {**answers["operations"][-1], "kind": "purge"}
    master.answers(
        "instance_purge", {"instance": answers["instance_show"], "operation": purged}
    )
    master.answers("operation_show", purged)
    master.refuses("instance_show", "missing_error")
    arguments = ("--confirm", "acme", "--reason", "asked for", "--wait", "--json")
    result = saasctl("instance", "purge", "acme", *arguments)
    assert result.code == 0
    assert json.loads(result.out)["operation"]["kind"] == "purge"


def test_after_a_rename_the_instance_is_asked_for_by_its_uuid(
    saasctl, creating, answers
):
    creating.answers(
        "instance_rename",
        {"instance": answers["instance_show"], "operation": {"id": 42}},
    )
    saasctl("instance", "rename", "acme", "--subdomain", "acme-group", "--wait")
    assert creating.called("instance_show")["ref"] == answers["instance_show"]["uuid"]


def test_on_a_terminal_a_bar_and_the_steps_are_drawn(answers):
    from rich.console import Console
    from saasctl_cli.progress import BarView

    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, height=30)
    with BarView(console) as view:
        view.show(answers["operations"][1])
        view.note("still waiting")
        view.show(answers["failed_operation"])
    drawn = screen.getvalue()
    assert "1/2 running 0.20 s" in drawn and "1/2 failed 1.31 s" in drawn
    assert "Clone the database: The database server refuses connections." in drawn
    assert "✓" in drawn and "✗" in drawn and "still waiting" in drawn
