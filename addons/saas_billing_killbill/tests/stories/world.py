"""The platform on which stories are played: one for all of them."""

import atexit
import functools
import os
import shutil
import socket
import tempfile
from pathlib import Path
from uuid import uuid4

from odoo import SUPERUSER_ID, api, fields
from odoo.modules.registry import Registry
from odoo.tests import get_db_name

from odoo.addons.saas_master.tests.common import (
    FakeOutside,
    build_outside,
    make_fleet,
)

from ..books_common import use_demo_provider

PRICES = {"starter": 10.0, "professional": 30.0}
TRIAL_DAYS = 14
SUSPENDED, TERMINATED, KEPT = 14, 30, 30  # days: unpaid, unpaid, after the end
TAX = 19.0  # percent


@functools.cache
def get_outside():
    """Return what all stories are played on, and a tenant's key.

    Whoever runs the stories again begins from nothing: with another tenant.
    """
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    return FakeOutside(folder), f"stories-{uuid4()}"


@functools.cache
def begin_world():
    """Write down the platform that all stories share.

    :return: ids of its records, by name
    :rtype: dict
    """
    with Registry(get_db_name()).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        fleet = make_fleet(env)
        build_outside(fleet.template)
        ids = {name: record.id for name, record in vars(fleet).items()}
        _keep_books(env)
        _sell(env)
        ids["kill_bill"] = _begin_kill_bill(env).id
    return ids


def kill():
    """Kill Kill Bill, and have it back by real time."""
    with socket.socket(socket.AF_UNIX) as killer:
        killer.connect(os.environ["SAASODOO_KILLBILL_KILLER"])
        killer.recv(1)  # It hangs up once Kill Bill is up again.


def _keep_books(env):
    company = env.company
    if not company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", company)
    company.resource_calendar_id = False  # Every day is a day on which one may suspend.
    use_demo_provider(env)
    env["ir.config_parameter"].set_param("saas_master.retention_days", str(KEPT))


def _sell(env):
    env["saas.plan.price"].search([]).unlink()
    for plan in env["saas.plan"].with_context(active_test=False).search([]):
        plan.write({"active": False, "code": f"other_{plan.code}"})
    env.flush_all()  # Their codes are free before ours are taken.
    for code, amount in PRICES.items():
        make_plan(env, code, amount)


def make_plan(env, code, amount):
    """Sell a plan; who pays more has more room, and ten months make a year."""
    prices = {"monthly": amount, "annual": 10 * amount}
    return env["saas.plan"].create(
        {
            "name": code.title(),
            "code": code,
            "sequence": int(amount),
            "storage_gb": int(amount),
            "trial_days": TRIAL_DAYS,
            "price_ids": [
                fields.Command.create({"period": period, "amount": price})
                for period, price in prices.items()
            ],
        }
    )


def _begin_kill_bill(env):
    server = env["saas.killbill.server"].create(
        {
            "url": os.environ["SAASODOO_KILLBILL_URL"],
            "admin_login": "saasodoo",
            "admin_password": os.environ["SAASODOO_KILLBILL_PASSWORD"],
            "bills_new": True,
        }
    )
    end = {"days": TERMINATED, "action": "terminate"}
    server.overdue_ids = [fields.Command.create(end)]
    server._set_up()
    server._get_product().taxes_id = env["account.tax"].create(
        {
            "name": "19 %",
            "amount": TAX,
            "type_tax_use": "sale",
            "price_include_override": "tax_excluded",
        }
    )
    return server
