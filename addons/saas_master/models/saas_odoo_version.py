from odoo import fields, models


class SaasOdooVersion(models.Model):
    _name = "saas.odoo.version"
    _description = "Odoo Version"
    _order = "name desc"

    name = fields.Char(required=True, help="Such as 19.0.")
    active = fields.Boolean(default=True)
    source = fields.Char(
        help="The image's digest, or empty for the source tree of the machine."
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
