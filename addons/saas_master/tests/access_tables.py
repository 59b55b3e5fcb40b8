"""What each group may do; whoever adds a model or a public method adds a line here.

An add-on that stands on this one adds its own lines as its tests are loaded.
"""

# From the least to the most; each may what those before it may.
GROUPS = {
    "portal": "base.group_portal",
    "internal": "base.group_user",
    "support": "saas_infra.group_support",
    "manager": "saas_infra.group_manager",
    "operator": "saas_infra.group_operator",
}

_INFRASTRUCTURE = {"support": "r", "operator": "rwcu"}
_CATALOGUE = {"support": "r", "manager": "rwcu"}
_READ = {"support": "r"}
_MANAGERS_DIALOG = {"manager": "rwcu"}
_OPERATORS_DIALOG = {"operator": "rwcu"}

# What such an add-on wants there to be: called with `env`.
PREPARED = []

# Model to what a group may: read, write, create, unlink.
RIGHTS = {
    "saas.region": _INFRASTRUCTURE,
    "saas.cluster": _INFRASTRUCTURE,
    "saas.node": _INFRASTRUCTURE,
    "saas.cell": _INFRASTRUCTURE,
    "saas.database.server": _INFRASTRUCTURE,
    "saas.storage": _INFRASTRUCTURE,
    "saas.proxy": _INFRASTRUCTURE,
    "saas.mail.relay": _INFRASTRUCTURE,
    "saas.plan": _CATALOGUE,
    "saas.plan.price": _CATALOGUE,
    "saas.odoo.version": _INFRASTRUCTURE,
    "saas.template": _READ,
    "saas.subscription": _READ,
    "saas.instance": _READ,
    "saas.subdomain": _READ,
    "saas.operation": _READ,
    "saas.operation.step": _READ,
    "saas.event": _READ,
    "saas.inquiry": _READ,
    "saas.login.ticket": {},
    "saas.instance.confirm": {"support": "rwcu"},
    "saas.instance.change.plan": _MANAGERS_DIALOG,
    "saas.instance.rename": _MANAGERS_DIALOG,
    "saas.instance.hand.over": _MANAGERS_DIALOG,
    "saas.instance.purge": _MANAGERS_DIALOG,
    "saas.instance.open": _MANAGERS_DIALOG,
    "saas.instance.create": _MANAGERS_DIALOG,
    "saas.subscription.arrange": _MANAGERS_DIALOG,
    "saas.subscription.decide": _MANAGERS_DIALOG,
    "saas.template.build": _OPERATORS_DIALOG,
    "saas.operation.freeze": _OPERATORS_DIALOG,
    "saas.settings": _OPERATORS_DIALOG,
}

# Button of an instance to the group it needs, and a status in which it works.
ACTIONS = {
    "action_start": ("manager", "stopped"),
    "action_resume": ("manager", "paused"),
    "action_retry": ("manager", "error"),
    "action_show_log": ("support", "running"),
    "action_stop": ("manager", "running"),
    "action_restart": ("support", "running"),
    "action_suspend": ("manager", "running"),
    "action_terminate": ("manager", "running"),
    "action_reactivate": ("manager", "terminated"),
    "action_discard": ("manager", "error"),
    "action_change_plan": ("manager", "running"),
    "action_rename": ("manager", "running"),
    "action_hand_over": ("manager", "running"),
    "action_purge": ("manager", "terminated"),
    "action_open_as_support": ("manager", "running"),
}

# Operation that a dialog confirms, to the group and status.
CONFIRMED = {
    "stop": ("manager", "running"),
    "restart": ("support", "running"),
    "suspend": ("manager", "running"),
    "terminate": ("manager", "running"),
    "reactivate": ("manager", "terminated"),
    "discard": ("manager", "error"),
}

# Dialog to the button that acts, and the group it needs.
DIALOGS = {
    "saas.instance.change.plan": ("action_confirm", "manager"),
    "saas.instance.rename": ("action_confirm", "manager"),
    "saas.instance.hand.over": ("action_confirm", "manager"),
    "saas.instance.purge": ("action_confirm", "manager"),
    "saas.instance.open": ("action_confirm", "manager"),
    "saas.instance.create": ("action_create", "manager"),
    "saas.subscription.arrange": ("action_confirm", "manager"),
    "saas.subscription.decide": ("action_apply", "manager"),
    "saas.template.build": ("action_build", "operator"),
    "saas.operation.freeze": ("action_freeze", "operator"),
    "saas.settings": ("action_apply", "operator"),
}

# Other buttons.
BUTTONS = {
    ("saas.cluster", "action_test_connection"): "operator",
    ("saas.database.server", "action_test_connection"): "operator",
    ("saas.storage", "action_test_connection"): "operator",
    ("saas.proxy", "action_test_connection"): "operator",
    ("saas.mail.relay", "action_test_connection"): "operator",
    ("saas.template", "action_build"): "operator",
    ("saas.template", "action_remove"): "operator",
    ("saas.template", "action_retire"): "operator",
    ("saas.subscription", "action_decide"): "manager",
    ("saas.subscription", "action_extend"): "manager",
    ("saas.subscription", "action_write_off"): "manager",
    ("saas.subscription", "action_promise"): "manager",
    ("saas.subscription", "action_confirm"): "manager",
    ("saas.subscription", "action_cancel"): "manager",
    ("saas.subscription", "action_undo_cancel"): "manager",
    ("saas.instance.change.plan", "action_preview"): "manager",
    ("saas.operation", "action_retry"): "manager",
    ("saas.operation.freeze", "action_unfreeze"): "operator",
    ("saas.inquiry", "action_ask_again"): "support",
}


def _dry(status, **arguments):
    """Return the arguments of a dry run on an instance in a status."""
    return {"ref": f"{{{status}}}", "dry_run": True, **arguments}


# Method of saas.api to the group it needs, and arguments with which it works.
API = {
    "plan_list": ("support", {}),
    "region_list": ("support", {}),
    "version_list": ("support", {}),
    "cluster_list": ("support", {}),
    "node_list": ("support", {}),
    "server_list": ("support", {}),
    "storage_list": ("support", {}),
    "template_list": ("support", {}),
    "status": ("support", {}),
    "operation_list": ("support", {"ref": "{ref}"}),
    "operation_show": ("support", {"operation": "{operation}"}),
    "inquiry_show": ("support", {}),
    "instance_list": ("support", {}),
    "instance_show": ("support", {"ref": "{ref}"}),
    "instance_logs": ("support", {"ref": "{ref}"}),
    "instance_preview_plan": ("support", {"ref": "{ref}", "plan": "professional"}),
    "instance_restart": ("support", _dry("running")),
    "instance_start": ("manager", _dry("stopped")),
    "instance_stop": ("manager", _dry("running")),
    "instance_suspend": ("manager", _dry("running")),
    "instance_resume": ("manager", _dry("paused")),
    "instance_terminate": ("manager", _dry("running")),
    "instance_reactivate": ("manager", _dry("terminated")),
    "instance_retry": ("manager", _dry("error")),
    "instance_discard": ("manager", _dry("error")),
    "instance_purge": (
        "manager",
        _dry("terminated", confirm="{terminated}", reason="Asked for"),
    ),
    "instance_change_plan": ("manager", _dry("running", plan="{other}")),
    "instance_rename": ("manager", _dry("running", subdomain="other")),
    "instance_hand_over": (
        "manager",
        _dry("running", customer="Next", email="next@x.test"),
    ),
    "instance_open": ("manager", {"ref": "{ref}", "reason": "Ticket 1"}),
    "instance_create": (
        "manager",
        {
            "plan": "{plan}",
            "subdomain": "by-{group}",
            "customer": "By {group}",
            "email": "{group}@x.test",
        },
    ),
    "server_add": (
        "operator",
        {
            "name": "by-{group}",
            "region": "{region}",
            "host": "{group}.test",
            "port": 5432,
            "admin_login": "admin",
            "admin_password": "secret",
        },
    ),
    "cluster_add": (
        "operator",
        {
            "name": "by-{group}",
            "region": "{region}",
            "base_domain": "{group}.test",
            "proxy": "{proxy}",
            "address": "ssh://root@{group}.test",
            "private_key": "secret",
            "host_key": "ssh-ed25519 AAAA",
        },
    ),
    "storage_add": (
        "operator",
        {"name": "by-{group}", "cluster": "{cluster}", "root": "/by-{group}"},
    ),
    "template_build": (
        "operator",
        {
            "version": "{version}",
            "cluster": "{cluster}",
            "server": "{server}",
            "dry_run": True,
        },
    ),
    "template_remove": ("operator", {"database": "{retired}", "dry_run": True}),
    "reconcile": ("operator", {"dry_run": True}),
    "freeze": ("operator", {"reason": "Drill"}),
    "unfreeze": ("operator", {}),
}
