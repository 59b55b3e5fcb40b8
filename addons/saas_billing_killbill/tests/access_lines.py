"""This add-on's lines in the matrix of who may do what."""

from odoo.addons.saas_master.tests import access_tables

URL = "http://kill-bill.test"


def make_server(env):
    """Write down a Kill Bill with its login."""
    return env["saas.killbill.server"].create(
        {"url": URL, "admin_login": "saasodoo", "admin_password": "word-of-login"}
    )


access_tables.PREPARED.append(make_server)
access_tables.RIGHTS |= {
    "saas.killbill.server": {"support": "r", "operator": "rwcu"},
    "saas.overdue.state": {"support": "r", "operator": "rwcu"},
    "saas.killbill.publish": {"operator": "rwcu"},
}
access_tables.BUTTONS |= {
    ("saas.killbill.server", "action_set_up"): "operator",
    ("saas.killbill.server", "action_compare"): "operator",
    ("saas.killbill.server", "action_test_connection"): "operator",
    ("saas.killbill.publish", "action_publish"): "operator",
}
access_tables.API |= {
    "billing_setup": ("operator", {}),
    "billing_publish": ("operator", {"dry_run": True}),
}
