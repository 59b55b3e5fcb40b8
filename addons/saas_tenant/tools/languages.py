"""Languages of this Odoo."""

import threading

from odoo.fields import Command
from odoo.tools.translate import code_translations

from .errors import Refused

WARM_AFTER = 1.0  # seconds: the sign-in page, which is waited for, comes first


def ensure_language(env, code):
    """Make a language usable, with its translations.

    :param code: such as `fr_FR`
    :raise Refused: Odoo does not know it
    """
    languages = env["res.lang"].with_context(active_test=False)
    language = languages.search([("code", "=", code)])
    if not language:
        raise Refused(f"Unknown language: {code}")
    if not language.active:
        env["base.language.install"].create(
            {"lang_ids": [Command.set(language.ids)]}
        ).lang_install()


def warm_translations(env, code):
    """Read in the background what the first click in this language needs.

    Odoo reads the translations of its web client once a process: 0.7 seconds of
    processor time that a new customer would wait for.
    """
    modules = sorted(env.registry._init_modules)

    def read():
        for module in modules:
            code_translations.get_web_translations(module, code)

    timer = threading.Timer(WARM_AFTER, read)
    timer.daemon = True
    timer.start()
