from odoo import fields, models


class SaasRegion(models.Model):
    _name = "saas.region"
    _description = "Region"
    _order = "sequence, name"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True, help="Short name for the command line and the address bar."
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    cluster_ids = fields.One2many("saas.cluster", "region_id")
    database_server_ids = fields.One2many("saas.database.server", "region_id")

    _code_uniq = models.Constraint(
        "UNIQUE (code)", "A region with this code exists already."
    )
