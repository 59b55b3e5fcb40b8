from odoo import fields, models


class SaasCell(models.Model):
    """An overlay network that some of a swarm's tenants share with the proxy.

    It is made ahead: the proxy restarts when it joins one, and one that is full is
    full silently.
    """

    _name = "saas.cell"
    _description = "Cell"
    _order = "cluster_id, name"

    name = fields.Char(
        required=True, help="The name of the overlay network on the swarm."
    )
    cluster_id = fields.Many2one(
        "saas.cluster", required=True, index=True, ondelete="cascade"
    )
    max_tenants = fields.Integer(
        default=1000,
        required=True,
        help="Each tenant takes one address, two while it is exchanged; a /20 has "
        "4094, and Docker takes some for itself.",
    )

    _name_uniq = models.Constraint(
        "UNIQUE (cluster_id, name)", "The cluster has this cell already."
    )
    _room_check = models.Constraint(
        "CHECK (max_tenants >= 0)", "A cell cannot hold less than nothing."
    )
