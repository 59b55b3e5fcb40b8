from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.base.models.res_partner import _tz_get

from ..models.saas_plan import PERIODS


class SaasInstanceCreate(models.TransientModel):
    _name = "saas.instance.create"
    _description = "New instance"

    plan_id = fields.Many2one(
        "saas.plan", default=lambda self: self.env["saas.plan"].search([], limit=1)
    )
    period = fields.Selection(PERIODS, required=True, default="monthly")
    trial = fields.Boolean(string="Begin with Trial", default=True)
    trial_days = fields.Integer(related="plan_id.trial_days")
    subdomain = fields.Char()
    refusal = fields.Char(compute="_compute_refusal")
    region_id = fields.Many2one("saas.region", help="Empty for any region.")
    partner_id = fields.Many2one("res.partner", string="Customer")
    customer = fields.Char(
        string="New Customer's Name", help="Where there is no such customer yet."
    )
    email = fields.Char(
        string="Owner's E-mail",
        compute="_compute_email",
        store=True,
        readonly=False,
        help="The administrator's login.",
    )
    lang = fields.Selection("_get_languages", string="Language", default="en_US")
    country_id = fields.Many2one(
        "res.country", compute="_compute_country_id", store=True, readonly=False
    )

    tz = fields.Selection(
        _tz_get,
        string="Time Zone",
        help="Empty for that of the customer or the country.",
    )

    @api.model
    def _get_languages(self):
        """Return the languages that templates hold."""
        versions = self.env["saas.odoo.version"].search([("active", "=", True)])
        codes = {
            code.strip()
            for languages in versions.mapped("languages")
            for code in languages.split(",")
        } | {"en_US"}
        languages = self.env["res.lang"].with_context(active_test=False)
        known = languages.search([("code", "in", list(codes))])
        return [(language.code, language.name) for language in known]

    @api.depends("subdomain")
    def _compute_refusal(self):
        names = self.env["saas.subdomain"]
        for dialog in self:
            name = (dialog.subdomain or "").strip().lower()
            dialog.refusal = name and names._get_refusal(name)

    @api.depends("partner_id")
    def _compute_email(self):
        for dialog in self:
            dialog.email = dialog.partner_id.email or dialog.email

    @api.depends("partner_id")
    def _compute_country_id(self):
        for dialog in self:
            dialog.country_id = dialog.partner_id.country_id or dialog.country_id

    def action_create(self):
        """Create the instance and show how it comes to life."""
        self.ensure_one()
        instances = self.env["saas.instance"]
        instances._authorize("provision")
        instance = instances._request_instance(
            plan=self.plan_id,
            subdomain=self.subdomain,
            partner=self._get_customer(),
            email=self.email,
            region=self.region_id,
            period=self.period,
            trial=self.trial,
            lang=self.lang,
            country=self.country_id,
            tz=self.tz,
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": "saas.instance",
            "res_id": instance.id,
            "views": [(False, "form")],
            "target": "main",
        }

    def _get_customer(self):
        if self.partner_id:
            return self.partner_id
        if not (self.customer or "").strip():
            raise UserError(self.env._("Choose a customer, or name a new one."))
        return self.env["saas.instance"]._find_or_create_customer(
            self.customer.strip(), self.email
        )
