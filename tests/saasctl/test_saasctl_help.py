"""What people are told to type is understood: in the help of each command, and in the
README."""

import re
import shlex

import click
import pytest
from conftest import ROOT
from saasctl_cli.errors import Refused
from saasctl_cli.main import cli

SHELL = {"|", ">", "less", "$"}


def commands(group, path=()):
    """Yield each command with its words."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands(cli))


def typed(text):
    """Return the calls of saasctl in a text, as words after the program's name."""
    lines = re.sub(r"\\\s*\n", " ", text).splitlines()
    calls = [line.partition("saasctl ")[2] for line in lines if "saasctl " in line]
    found = []
    for call in calls:
        words = shlex.split(call.removesuffix(')"'), comments=True)
        end = next((words.index(word) for word in words if word in SHELL), None)
        found.append(words[:end])
    return found


def blocks(text):
    """Return what the README shows as typed at a prompt."""
    shown = "\n".join(re.findall(r"```console\n(.*?)```", text, re.DOTALL))
    return re.sub(r"^\$ ", "", shown, flags=re.MULTILINE)


@pytest.fixture
def understood(saasctl, monkeypatch, tmp_path):
    """Return a function that tells whether a call gets as far as the master."""
    secret = tmp_path / "password"
    secret.write_text("secret")
    (tmp_path / "run").mkdir()
    (tmp_path / "run/platform.env").write_text("PORT_BASE=18200\n")
    reached = []

    def call(_client, method, **_arguments):
        reached.append(method)
        raise Refused("asked")

    monkeypatch.setattr("saasctl_cli.client.Client.call", call)

    def run(words):
        # The files that examples name.
        ends = (".password", ".key", ".host")
        words = [str(secret) if word.endswith(ends) else word for word in words]
        result = saasctl(*words)
        local = words[0] in ("login", "completion")
        return result.code != 2 and (bool(reached) or local)

    return run


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_example_of_a_command_is_understood(saasctl, understood, path):
    [example] = typed(COMMANDS[path].epilog.partition("Example:")[2])
    assert tuple(example[: len(path)]) == path
    assert understood(example)
    assert "Example:" in saasctl(*path, "--help").out


README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("words", typed(blocks(README)), ids=" ".join)
def test_what_the_readme_shows_is_understood(understood, words):
    assert understood(words)


def test_the_readme_shows_everyday_commands_at_all():
    assert len(typed(blocks(README))) > 5


def test_the_readmes_make_commands_exist():
    told = set(re.findall(r"`make ([a-z-]+)", README.replace("\n", " ")))
    makefile = (ROOT / "Makefile").read_text()
    assert told - set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)) == set()
