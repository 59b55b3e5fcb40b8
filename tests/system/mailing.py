"""How people in a tenant write letters, and where those are afterwards."""

import re

from people import call, wait_until
from strangers import run

PERSON = "person@example.com"
# Exim keeps headers that it replaced, marked, and does not send them:
# its specification, "Format of the -H file".
REPLACED = re.compile(r"^\d{3}\*.*\n(?:[ \t].*\n)*", re.MULTILINE)


def send(visitor, instance, **values):
    """Write a letter as somebody in the tenant.

    :return: its state, and why it failed
    """
    url, letter = instance["url"], {"email_to": PERSON, "subject": "Hello", **values}
    [made] = call(visitor, url, "mail.mail", "create", [letter])
    call(visitor, url, "mail.mail", "send", [made])
    [found] = call(
        visitor, url, "mail.mail", "read", [made], ["state", "failure_reason"]
    )
    return found["state"], found["failure_reason"] or ""


def confirm(platform, instance):
    """Vouch for who tries an instance, as staff do, and wait until the relay knows."""
    script = f"""
instance = env["saas.instance"].search([("uuid", "=", {instance["uuid"]!r})])
instance.subscription_id._confirm()
env.cr.commit()
"""
    python = platform.run_dir / "code/venv/bin/python"
    conf = platform.run_dir / "etc/jobs.conf"
    shell = (python, "-m", "odoo", "shell", "-c", conf, "--no-http")
    run(*shell, stdin=script, user="saas-jobs")
    wait_until(lambda: "enabled=yes" in login_of(platform, instance).read_text())


def login_of(platform, instance):
    [found] = (platform.run_dir / "mail/logins").glob(f"odoo_{instance['uuid'][:8]}*")
    return found


def held(platform, text):
    """Return what is sent of the letters' heads that wait in the relay with a text."""
    letters = (platform.run_dir / "mail/spool/input").glob("*-H")
    heads = (REPLACED.sub("", path.read_text()) for path in letters)
    return [head for head in heads if text in head]
