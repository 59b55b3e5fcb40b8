import re

from odoo.addons.saas_master.tools import access_log

from . import controllers
from . import models
from . import report
from . import wizards


def post_load():
    """Have no request logged with the secret of Kill Bill's webhooks."""
    access_log.install(re.compile(r"(/saas/killbill/webhook/)[^\s?]*"))
