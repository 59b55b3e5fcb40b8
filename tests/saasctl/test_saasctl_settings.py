"""The key is read from a closed file, and goes to the address that it is for."""

import json
import subprocess
import sys

import pytest
import requests


@pytest.fixture
def stored(saasctl, master, key_file, tmp_path, monkeypatch):
    """Settings as `saasctl login` leaves them, and nothing in the environment."""
    monkeypatch.delenv("SAASCTL_URL")
    monkeypatch.delenv("SAASCTL_KEY_FILE")
    path = tmp_path / "run" / "etc" / "saasctl.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"url": master.url, "key_file": str(key_file)}))
    master.answers("status", {"frozen": False})
    return path


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620])
def test_a_key_file_that_others_reach_is_refused(saasctl, master, key_file, mode):
    key_file.chmod(mode)
    result = saasctl("status")
    assert result.code == 4 and f"chmod 600 {key_file}" in result.err
    assert not master.calls


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe"])
def test_a_key_file_without_a_key_is_wrong_usage(saasctl, key_file, content):
    key_file.write_bytes(content)
    result = saasctl("status")
    assert result.code == 2 and "saasctl login" in result.err


def test_a_missing_key_file_names_the_cure(saasctl, key_file):
    key_file.unlink()
    result = saasctl("status")
    assert result.code == 2 and "saasctl login" in result.err


def test_the_key_is_sent_and_never_shown(saasctl, master, key):
    master.refuses("status", "bad_key")
    result = saasctl("status", "--json")
    assert master.calls[0].key == key
    assert key not in result.out + result.err


def test_a_tenant_that_took_the_masters_port_gets_no_key(saasctl):
    script = """
import socket, time
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
server.accept()
print("asked", flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], user=1900000001, stdout=subprocess.PIPE
    ) as stranger:
        port = int(stranger.stdout.readline())
        result = saasctl("--url", f"http://127.0.0.1:{port}", "status")
        stranger.kill()
        assert result.code == 4 and "user 1900000001" in result.err
        assert b"asked" not in stranger.stdout.read()


def test_a_netrc_does_not_replace_the_key(tmp_path, monkeypatch, key):
    from saasctl_cli.client import Client

    netrc = tmp_path / "netrc"
    netrc.write_text("machine master.example login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    session = Client("https://master.example", key)._session
    asked = session.prepare_request(requests.Request("POST", "https://master.example"))
    assert asked.headers["Authorization"] == f"Bearer {key}"


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    saasctl, master, monkeypatch
):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    master.answers("status", {})
    assert saasctl("status").code == 0


def test_a_key_in_clear_over_a_network_is_refused(saasctl):
    result = saasctl("status", "--url", "http://master.example")
    assert result.code == 2 and "https://" in result.err


def test_what_login_stored_is_enough(saasctl, master, stored, key):
    assert saasctl("status").code == 0
    assert master.calls[0].key == key


@pytest.mark.parametrize("form", ["{0} {1}", "{0}={1}"])
def test_a_moved_platform_is_named_by_an_option(
    saasctl, master, stored, monkeypatch, tmp_path, form
):
    monkeypatch.setenv("RUN_DIR", str(tmp_path / "elsewhere"))
    there = f"{tmp_path}/elsewhere/etc/saasctl.json"
    assert f"no key yet in {there}" in saasctl("status").err
    named = form.format("--run-dir", tmp_path / "run").split(" ")
    assert saasctl(*named, "status").code == 0
    assert "--run-dir" in saasctl("--help").out


def test_the_stored_key_goes_to_no_other_address(saasctl, master, stored):
    result = saasctl("status", "--url", "https://master.example")
    assert result.code == 2 and "stored key is for" in result.err
    assert saasctl("status", "--url", master.url + "/").code == 0


@pytest.mark.parametrize("content", ["", "[]", '{"url": 3}', '{"url": "http://x"}'])
def test_stored_settings_that_are_damaged_name_the_cure(saasctl, stored, content):
    stored.write_text(content)
    result = saasctl("status")
    assert result.code == 2 and "saasctl login" in result.err


def test_without_any_settings_the_way_in_is_told(saasctl, stored):
    stored.unlink()
    result = saasctl("status")
    assert result.code == 2 and "saasctl login" in result.err


def test_an_option_stands_before_the_command_or_after_it(saasctl, master, stored):
    for arguments in (["--json", "status"], ["status", "--json"]):
        assert json.loads(saasctl(*arguments).out) == {"frozen": False}
