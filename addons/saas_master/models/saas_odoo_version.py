from odoo import fields, models


class SaasOdooVersion(models.Model):
    _name = "saas.odoo.version"
    _description = "Odoo Version"
    _inherit = ["saas.guarded.mixin", "saas.noted.mixin"]
    _order = "name desc"
    _saas_guarded = frozenset({"image"})  # It runs with every tenant's secrets.

    name = fields.Char(required=True, help="Such as 19.0.")
    active = fields.Boolean(default=True)
    image = fields.Char(
        copy=False,
        help="The tenant's image on Docker Swarm, by digest or id; set-up writes it.",
    )
    modules = fields.Char(
        required=True,
        default="web,mail,contacts,calendar",
        help="Installed in every new instance, separated by commas.",
    )
    languages = fields.Char(
        required=True,
        default="en_US",
        help="Loaded in every template, separated by commas.",
    )
    template_ids = fields.One2many("saas.template", "version_id")

    _name_uniq = models.Constraint("UNIQUE (name)", "This version exists already.")
