"""How this tenant is, in few numbers."""

import time

from odoo import release

from . import banner, users

STARTED = time.monotonic()  # when the platform's part was loaded


def describe(env, _values):
    """Tell release, sizes, seconds since the start, and what the banner shows."""
    modules = env["ir.module.module"]
    return {
        "odoo": release.version,
        "modules": modules.search_count([("state", "=", "installed")]),
        "users": users.count_internal(env),
        "uptime": int(time.monotonic() - STARTED),
        "banner": banner.read(),
    }
