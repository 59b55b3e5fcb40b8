"""This add-on's lines in the matrix of who may do what."""

from odoo.addons.saas_master.tests import access_tables

URL = "http://kill-bill.test"


def make_server(env):
    """Write down a Kill Bill with its login."""
    return env["saas.killbill.server"].create(
        {"url": URL, "admin_login": "saasodoo", "admin_password": "word-of-login"}
    )


def _prepare(env):
    """Have a record of each model."""
    company = env.company
    server = make_server(env)
    account = env["saas.killbill.account"]._find_or_create(
        server, company.partner_id, company.currency_id
    )
    webhook = {"server_id": server.id, "kind": "ACCOUNT_CREATION"}
    env["saas.killbill.webhook"]._create_guarded([webhook])
    subscription = env["saas.subscription"].search([], limit=1)
    order = {"account_id": account.id, "subscription_id": subscription.id}
    order["kind"] = "start"
    env["saas.killbill.order"]._create_guarded([order])
    revenue = {
        "subscription_id": subscription.id,
        "plan_id": subscription.plan_id.id,
        "company_id": company.id,
        "date_from": "2026-01-01",
        "monthly": 10.0,
    }
    env["saas.recurring.revenue"]._create_guarded([revenue])


access_tables.PREPARED.append(_prepare)
access_tables.RIGHTS |= {
    "saas.killbill.server": {"support": "r", "operator": "rwcu"},
    "saas.overdue.state": {"support": "r", "operator": "rwcu"},
    "saas.killbill.publish": {"operator": "rwcu"},
    "saas.killbill.account": {"support": "r"},
    "saas.killbill.order": {"support": "r"},
    "saas.killbill.webhook": {"support": "r"},
    # Finance is beside the others, above none of them: see test_finance.py.
    "saas.recurring.revenue": {},
    "saas.revenue.report": {},
    "saas.trial.report": {},
    "saas.receivable.report": {},
    "saas.plan.report": {},
}
access_tables.BUTTONS |= {
    ("saas.killbill.server", "action_set_up"): "operator",
    ("saas.killbill.server", "action_compare"): "operator",
    ("saas.killbill.server", "action_test_connection"): "operator",
    ("saas.killbill.publish", "action_publish"): "operator",
    ("saas.subscription", "action_keep_plan"): "manager",
}
access_tables.API |= {
    "billing_setup": ("operator", {}),
    "billing_publish": ("operator", {"dry_run": True}),
}
