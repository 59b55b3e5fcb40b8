"""System users, and the one thing that one of them may do as root."""

import os
import pwd

from . import files
from .commands import run
from .runner import Failure

JOBS, WEB, PROXY = "saas-jobs", "saas-web", "saas-proxy"
REDIS = "saas-redis"  # in a container, with files on this machine
MAIL = "saas-mail"
KILLBILL = "saas-killbill"
# Debian's Exim asks for it by name before it reads which user it is to be.
COMPILED_IN = "Debian-exim"
RULE_MODE = 0o440


def needed(settings):
    """Return the users of the services."""
    always = (JOBS, WEB, PROXY, MAIL, COMPILED_IN)
    redis = (REDIS,) if settings.on_swarm else ()
    killbill = (KILLBILL,) if settings.with_killbill else ()
    return (*always, *redis, *killbill)


def make_users(settings):
    """Make the users of the services.

    :return: what was done, in words
    """
    made = [name for name in needed(settings) if _make_user(name)]
    return "made " + ", ".join(made) if made else "unchanged"


def allow_helper(settings):
    """Let `jobs` run the root helper, without arguments, and nothing else.

    The first line claims the platform's user ids: another platform reads it.

    :return: whether anything changed
    """
    text = _rule(settings)
    if is_rule_as_written(settings):
        return False
    trial = settings.run / "etc/sudoers.trial"
    files.write(trial, text, mode=RULE_MODE)
    try:
        run(["visudo", "-cqf", trial])
    except Failure as failure:
        raise Failure(f"sudo refuses our rule: {failure.message}") from failure
    finally:
        os.unlink(trial)
    return files.write(settings.sudoers, text, mode=RULE_MODE)


def is_rule_as_written(settings):
    """Tell whether the rule is there, as we would write it now."""
    return files.is_as_written(settings.sudoers, _rule(settings), mode=RULE_MODE)


def _rule(settings):
    helper = settings.run / "code/bin/root-helper"
    return (
        f"# run={settings.run} uids={settings.uid_base}-{settings.uid_last}\n"
        "# Made by SaaSOdoo (make up), removed by make reset.\n"
        f"Defaults!{helper} !requiretty, !use_pty, !pam_session\n"
        f'{JOBS} ALL=(root:root) NOPASSWD: {helper} ""\n'
    )


def _make_user(name):
    if _has(pwd.getpwnam, name):
        return False
    run(
        ["useradd", "--system", "--user-group", "--no-create-home",
         "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", name]
    )  # fmt: skip
    return True


def _has(look_up, name):
    try:
        look_up(name)
    except KeyError:
        return False
    return True
