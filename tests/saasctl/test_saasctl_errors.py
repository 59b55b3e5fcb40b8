"""Whatever goes wrong is one line with a cure, or one JSON document, and a code."""

import json
import socket

import pytest

CODES = {
    "user_error": (4, "refused", "The address acme is taken."),
    "validation_error": (4, "refused", "Write the address in lower case."),
    "access_error": (4, "refused", "Only operators may do this."),
    "lock_error": (4, "refused", "Somebody else changes acme now."),
    "missing_error": (3, "not_found", "There is no instance acme."),
    "bad_key": (4, "refused", "the master does not accept the key"),
    "unknown_method": (1, "bad_answer", "does not know instance_show"),
    "unknown_argument": (1, "bad_answer", "missing a required argument"),
    "bug": (1, "failed", "the master failed: boom"),
}


@pytest.mark.parametrize("error", CODES)
def test_an_error_of_the_master_has_its_exit_code_and_words(saasctl, master, error):
    code, _name, message = CODES[error]
    master.refuses("instance_show", error)
    result = saasctl("instance", "show", "acme")
    assert (result.code, result.out) == (code, "")
    assert message.rstrip(".") in result.err
    assert result.err.startswith("saasctl: ") and result.err.count("\n") == 1
    assert "Traceback" not in result.err


@pytest.mark.parametrize("error", CODES)
def test_json_is_one_document_after_an_error_too(saasctl, master, error):
    code, name, message = CODES[error]
    master.refuses("instance_show", error)
    result = saasctl("instance", "show", "acme", "--json")
    told = json.loads(result.out)["error"]
    assert (result.code, told["code"], told["name"]) == (code, code, name)
    assert message in told["message"]
    assert "debug" not in told and "Traceback" not in result.out + result.err


def test_a_dead_server_is_one_line_with_the_cure(saasctl):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    result = saasctl("status", "--url", url)
    assert result.code == 1
    assert result.err == f"saasctl: the master does not answer at {url}: make doctor\n"


def test_a_silent_server_is_not_waited_for_for_ever(saasctl, monkeypatch):
    monkeypatch.setattr("saasctl_cli.client.Client.__init__.__defaults__", ((1, 0.2),))
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        result = saasctl("status", "--url", url)
    assert result.code == 1 and "does not answer in time" in result.err


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_proxy_without_its_master_counts_as_a_dead_master(saasctl, master, status):
    master.answers("status", b"<html>starting</html>", status=status)
    result = saasctl("status")
    assert result.code == 1 and "make doctor" in result.err


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"", b'{"half": ', b"\xff"])
def test_an_answer_that_is_no_json_is_said_to_be_none(saasctl, master, body):
    master.answers("status", body)
    result = saasctl("status", "--json")
    assert result.code == 1
    assert json.loads(result.out)["error"]["name"] == "bad_answer"


@pytest.mark.parametrize("body", [[], None, "text", {"count": 1}])
def test_an_answer_of_another_shape_is_one_line(saasctl, master, body):
    master.answers("instance_list", body)
    result = saasctl("instance", "list")
    assert result.code == 1 and result.err.count("\n") == 1
    assert "did not understand the master" in result.err


def test_the_key_does_not_follow_a_redirect(saasctl, master):
    master.answers("status", "http://127.0.0.1:1/elsewhere", status=308)
    result = saasctl("status")
    assert result.code == 1 and "redirects to" in result.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["instance", "create", "--plan", "starter"],
        ["instance", "fly", "acme"],
        ["instance", "show"],
        ["instance", "purge", "acme", "--confirm", "acme"],
        ["instance", "purge", "acme", "--reason", "asked for"],
        ["instance", "list", "--status", "bogus"],
        ["operation", "list", "--state", "bogus"],
        ["operation", "show", "acme"],
        ["freeze"],
        ["status", "--url", "master.example"],
        ["status", "--url", "http://[::1"],
        ["status", "--url", "http://"],
    ],
)
def test_wrong_usage_is_code_2_and_calls_nothing(saasctl, master, arguments):
    plain = saasctl(*arguments)
    assert (plain.code, plain.out, plain.err.count("\n")) == (2, "", 1)
    as_json = saasctl(*arguments, "--json")
    assert as_json.code == json.loads(as_json.out)["error"]["code"] == 2
    assert not master.calls


def test_without_a_command_the_help_is_shown(saasctl):
    result = saasctl()
    assert result.code == 2 and "saasctl login" in result.err
    assert json.loads(saasctl("--json").out)["error"]["code"] == 2
