"""The root of all commands, and the way from any error to one line and a code."""

import os
import sys

import click
from click.shell_completion import get_completion_class

from . import billing, infrastructure, instances, login, operations, render
from .app import Command, Group, common_options, run_dir_option
from .errors import DONE, FAILED, Failed, Interrupted, SaasctlError, WrongUsage


@click.group(cls=Group, params=[run_dir_option(), *common_options()])
def cli():
    """Operate SaaSOdoo: plans, instances, operations and what they live in.

    \b
    First, as root on the master's machine:  saasctl login
    Then:  saasctl instance create --plan starter --subdomain acme \\
             --customer "Acme" --email owner@acme.test --wait

    \b
    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 refused
    (130 after Ctrl-C). With --json, standard output is one JSON document,
    after an error too: {"error": {"name", "code", "message", "cure"}}."""


@click.command(
    "completion",
    cls=Command,
    example='eval "$(saasctl completion bash)"',
    params=[click.Argument(["shell"], type=click.Choice(["bash", "zsh", "fish"]))],
)
def completion(shell):
    """Print the script that completes saasctl's commands in a shell.

    \b
    For good:  saasctl completion bash > /etc/bash_completion.d/saasctl"""
    script = get_completion_class(shell)(cli, {}, "saasctl", "_SAASCTL_COMPLETE")
    print(script.source())


for _command in (
    instances.instance,
    *operations.COMMANDS,
    *infrastructure.GROUPS.values(),
    *billing.COMMANDS,
    login.login,
    completion,
):
    cli.add_command(_command)


def main(arguments):
    """Run saasctl.

    :param list arguments: what follows the program's name
    :return: the exit code
    """
    try:
        code = cli.main(arguments, "saasctl", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE  # --help ends with a code
    except click.exceptions.NoArgsIsHelpError as error:
        if "--json" not in arguments:
            error.show()
            return error.exit_code
        return _tell(WrongUsage("no command was given"), arguments)
    except BrokenPipeError:
        # Whoever read the output (head, less) has enough; nothing more to write.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        return _tell(_understood(error), arguments)


def _understood(error):
    """Return any error as one that says what to do."""
    if isinstance(error, SaasctlError):
        return error
    if isinstance(error, click.Abort):
        return Interrupted("interrupted")
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "saasctl"
        return WrongUsage(error.format_message(), f"{path} --help")
    if isinstance(error, click.ClickException):
        return WrongUsage(error.format_message())
    if os.environ.get("SAASCTL_DEBUG"):
        raise error
    return Failed(
        f"saasctl did not understand the master ({type(error).__name__}: {error})",
        "use the saasctl of its release; SAASCTL_DEBUG=1 shows where it failed",
    )


def _tell(error, arguments):
    if "--json" in arguments:
        render.to_json(error.as_document())
    else:
        render.note(f"saasctl: {error.as_line()}")
    return error.code
