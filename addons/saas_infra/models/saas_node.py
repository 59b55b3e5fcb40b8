from odoo import fields, models


class SaasNode(models.Model):
    _name = "saas.node"
    _description = "Node"
    _order = "name"

    name = fields.Char(required=True)
    cluster_id = fields.Many2one("saas.cluster", required=True, ondelete="cascade")
    state = fields.Selection(
        [("ready", "Ready"), ("drained", "Drained"), ("lost", "Lost")],
        required=True,
        default="ready",
        help="Drained: people say that it takes no more tenants. Lost: it was not "
        "there when its cluster was last seen; it comes back by itself.",
    )
    cores = fields.Float(required=True, help="Cores that tenants may use.")
    memory_mb = fields.Integer(
        string="Memory (MiB)", required=True, help="Memory that tenants may use."
    )
    load = fields.Float(
        readonly=True,
        copy=False,
        help="Processes that ran or waited for a core, over the last five minutes.",
    )
    last_seen = fields.Datetime(readonly=True, copy=False)

    _name_uniq = models.Constraint(
        "UNIQUE (cluster_id, name)", "The cluster has a node with this name already."
    )
    _room_check = models.Constraint(
        "CHECK (cores >= 0 AND memory_mb >= 0)", "A node cannot have less than nothing."
    )
