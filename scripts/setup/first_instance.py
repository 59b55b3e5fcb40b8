"""The first instance: made by the first `up` alone; afterwards it is people's."""

import json

from . import files
from .first_steps import follow, goes_on, saasctl, try_saasctl

NAME = "demo"


def provide(settings):
    """Provision it, unless an earlier run did.

    :return: what was done, in words
    """
    noted = settings.etc / "first-instance"
    if noted.exists():
        return "unchanged"
    found = _show(settings)
    if found and found["operation"] and goes_on(found["operation"]):
        follow(settings, found["operation"])
    elif found and _failed(found):
        saasctl(settings, "instance", "retry", NAME, "--wait")
    elif not found:
        saasctl(
            settings, "instance", "create", "--plan", "starter", "--subdomain", NAME,
            "--customer", "Demo", "--email", "owner@demo.test", "--wait",
        )  # fmt: skip
    files.write(noted, "", mode=0o600)
    return "made"


def describe(settings):
    """Tell where it is and how to enter it, or how else it is; nothing once purged."""
    found = _show(settings)
    if not found:
        return ""
    if found["status"] == "error":
        cure = "retry" if _failed(found) else "restart"
        return (
            f"Tenant   {found['url']} is error\n"
            f"  why    {settings.saasctl(f'instance logs {NAME}')}\n"
            f"  cure   {settings.saasctl(f'instance {cure} {NAME}')}"
        )
    if found["status"] != "running":
        return f"Tenant   {found['url']} is {found['status']}"
    why = ("--reason", "first look")
    code, output, _ = try_saasctl(settings, "instance", "open", NAME, *why, "--json")
    again = settings.saasctl(f"instance open {NAME}")
    if code:
        return f"Tenant   {found['url']}\n  opens  by {again}"
    return (
        f"Tenant   {found['url']}\n  opens  {json.loads(output)['url']}\n"
        f"         once, within 10 minutes; another: {again}"
    )


def _failed(found):
    operation = found["operation"]
    return found["status"] == "error" and operation and operation["state"] == "failed"


def _show(settings):
    code, output, _ = try_saasctl(settings, "instance", "show", NAME, "--json")
    return {} if code else json.loads(output)
