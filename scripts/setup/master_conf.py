"""The configuration of the master's two services."""

from . import files, postgresql
from .accounts import JOBS, WEB
from .folders import kept_password, passwords

OWNERS = {"web.conf": WEB, "jobs.conf": JOBS}


def write(settings):
    """Write it for what runs on this machine itself.

    :return: whether anything changed
    """
    changes = [
        files.write(settings.etc / name, text, mode=0o400, owner=OWNERS[name])
        for name, text in render(settings, f"{settings.run}/code/master").items()
    ]
    return any(changes)


def render(settings, addons):
    """Return it by the names of the files.

    :param str addons: where our add-ons are found
    :rtype: dict[str, str]
    """
    words = passwords(settings, postgresql.ROLES)
    values = settings.placeholders() | {"addons": addons}
    values |= {f"password_{role}": word for role, word in words.items()}
    # Odoo's database manager is closed: nobody uses that password, or knows it.
    for name in ("manager", "runner", "proxy"):
        values[f"{name}_password"] = kept_password(settings, name)
    return {name: files.render(f"odoo/{name}", values) for name in OWNERS}
