"""What `up` asks of the command line, and what it makes of the answers."""

import json

import pytest

from scripts.setup import first_instance, first_steps
from scripts.setup.choices import load
from scripts.setup.runner import Failure

BUILDING = {"id": 7, "kind": "build_template", "state": "running"}
OTHER = {"id": 8, "kind": "start", "state": "running"}


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "etc").mkdir()
    return load({"RUN_DIR": str(tmp_path)})


class Saasctl:
    """Answers by the first two words; knows what it was asked."""

    def __init__(self):
        self.answers, self.asked = {}, []

    def __call__(self, settings, *arguments):
        self.asked.append(" ".join(arguments))
        answer = self.answers.get(" ".join(arguments[:2]))
        if answer is None:
            return 3, "", "not found"
        return 0, json.dumps(answer), ""


@pytest.fixture
def saasctl(monkeypatch):
    saasctl = Saasctl()
    for module in (first_steps, first_instance):
        monkeypatch.setattr(module, "try_saasctl", saasctl)
    return saasctl


def demo(status, state):
    """The first instance as the command line shows it, with its last operation."""
    operation = {"id": 5, "state": state}
    return {"url": "http://demo.test", "status": status, "operation": operation}


@pytest.mark.parametrize("state", ["failed", "retired", None])
def test_without_a_template_one_is_built(settings, saasctl, state):
    templates = [{"state": state}] if state else []
    saasctl.answers = {
        "template list": templates,
        "operation list": [OTHER, BUILDING | {"state": "failed"}],
        "template build": {},
    }

    assert first_steps.build_template(settings) == "built"
    assert saasctl.asked[-1] == "template build --wait"


def test_a_template_that_is_ready_is_left_alone(settings, saasctl):
    templates = [{"state": "building"}, {"state": "ready"}]
    saasctl.answers = {"template list": templates}

    assert first_steps.build_template(settings) == "unchanged"


def test_a_build_that_an_interrupted_up_began_is_waited_for(settings, saasctl):
    saasctl.answers = {
        "template list": [{"state": "building"}],
        "operation list": [OTHER, BUILDING, BUILDING | {"id": 1, "state": "failed"}],
        "operation show": BUILDING,
    }

    assert first_steps.build_template(settings) == "built"
    assert saasctl.asked[-1] == "operation show 7 --wait"


def test_a_build_that_fails_while_it_is_waited_for_is_told(settings, saasctl):
    saasctl.answers = {
        "template list": [{"state": "building"}],
        "operation list": [BUILDING],
    }

    with pytest.raises(Failure, match="saasctl operation show: not found"):
        first_steps.build_template(settings)


def test_what_is_refused_is_told_in_its_own_words_with_its_cure(settings, monkeypatch):
    told = {"error": {"name": "failed", "code": 1, "message": "No.", "cure": "Ask."}}
    answer = 1, json.dumps(told, indent=2), ""
    monkeypatch.setattr(first_steps, "try_saasctl", lambda *_: answer)

    with pytest.raises(Failure, match="saasctl billing setup: No") as failure:
        first_steps.saasctl(settings, "billing", "setup", "--json")

    assert failure.value.cure == "Ask."


def test_the_first_instance_is_made_once_also_when_it_was_purged_since(
    settings, saasctl
):
    saasctl.answers = {"instance create": {}}
    assert first_instance.provide(settings) == "made"

    saasctl.answers = {}
    assert first_instance.provide(settings) == "unchanged"
    assert first_instance.describe(settings) == ""


def test_a_creation_that_an_interrupted_up_began_is_waited_for(settings, saasctl):
    saasctl.answers = {
        "instance show": demo("creating", "running"),
        "operation show": {},
    }

    assert first_instance.provide(settings) == "made"
    assert saasctl.asked[-1] == "operation show 5 --wait"


def test_a_creation_that_fails_is_told_and_tried_again_next_time(settings, saasctl):
    with pytest.raises(Failure, match="saasctl instance create: not found"):
        first_instance.provide(settings)

    saasctl.answers = {"instance create": {}}
    assert first_instance.provide(settings) == "made"


@pytest.mark.parametrize("status", ["stopped", "paused", "terminated"])
def test_a_first_instance_that_does_not_run_is_told_and_no_failure(
    settings, saasctl, status
):
    saasctl.answers = {"instance show": demo(status, "done")}

    assert first_instance.provide(settings) == "made"
    assert first_instance.describe(settings) == f"Tenant   http://demo.test is {status}"


def test_a_creation_that_failed_is_gone_on_with_by_the_next_up(settings, saasctl):
    saasctl.answers = {"instance show": demo("error", "failed")}
    with pytest.raises(Failure, match="saasctl instance retry: not found"):
        first_instance.provide(settings)

    saasctl.answers["instance retry"] = {}
    assert first_instance.provide(settings) == "made"
    assert saasctl.asked[-1] == "instance retry demo --wait"
    assert first_instance.provide(settings) == "unchanged"


@pytest.mark.parametrize(
    ("state", "cure"), [("failed", "retry demo"), ("done", "restart demo")]
)
def test_a_first_instance_in_error_is_told_with_its_log_and_the_cure(
    settings, saasctl, state, cure
):
    saasctl.answers = {"instance show": demo("error", state)}

    words = first_instance.describe(settings)

    assert words.startswith("Tenant   http://demo.test is error\n")
    assert settings.saasctl("instance logs demo") in words
    assert words.endswith(settings.saasctl(f"instance {cure}"))


@pytest.mark.parametrize("opens", [True, False])
def test_a_first_instance_that_runs_is_opened_by_a_link_where_there_is_one(
    settings, saasctl, opens
):
    saasctl.answers["instance show"] = demo("running", "done")
    if opens:
        saasctl.answers["instance open"] = {"url": "http://localhost/link"}

    words = first_instance.describe(settings)

    assert ("opens  http://localhost/link" in words) == opens
    assert f"saasctl --run-dir {settings.run} instance open demo" in words
