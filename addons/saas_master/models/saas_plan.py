from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools.counting import count_into

MAILS_PER_DAY = 200
PERIODS = [("monthly", "Monthly"), ("annual", "Annual")]


class SaasPlan(models.Model):
    _name = "saas.plan"
    _description = "Plan"
    _inherit = ["saas.noted.mixin"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True, help="Short name for the command line and the catalogue."
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    description = fields.Text(translate=True)
    cpu_cores = fields.Float(required=True, default=1.0)
    memory_mb = fields.Integer(string="Memory (MiB)", required=True, default=1024)
    storage_gb = fields.Integer(
        string="Storage (GB)", required=True, default=10, help="Database and files."
    )
    mails_per_day = fields.Integer(
        required=True,
        default=MAILS_PER_DAY,
        help="Recipients that an instance may write to in a day; none: no mail. Room "
        "comes back little by little, not at midnight.",
    )
    trial_days = fields.Integer(
        default=14, help="None: what is sold with this plan begins without a trial."
    )
    may_rename = fields.Boolean(
        string="Address may Change",
        default=True,
        help="Otherwise an instance of this plan keeps the name that it began with.",
    )
    price_ids = fields.One2many("saas.plan.price", "plan_id", string="Prices")
    instance_count = fields.Integer(compute="_compute_instance_count")

    _code_uniq = models.Constraint(
        "UNIQUE (code)", "A plan with this code exists already."
    )
    _limits_positive = models.Constraint(
        "CHECK (cpu_cores > 0 AND memory_mb >= 256 AND storage_gb > 0)",
        "A plan needs some processor, at least 256 MiB of memory and some storage.",
    )
    _trial_not_negative = models.Constraint(
        "CHECK (trial_days >= 0)", "A trial cannot last less than no days."
    )

    _mails_not_negative = models.Constraint(
        "CHECK (mails_per_day >= 0)", "Nobody can send less than no mails."
    )

    def _compute_instance_count(self):
        count_into(self, "instance_count", "saas.instance", "plan_id")

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if (
            self.env["saas.subscription"]
            .sudo()
            .search_count([("plan_id", "in", self.ids)], limit=1)
        ):
            raise UserError(
                self.env._("A plan that was sold cannot be deleted: archive it.")
            )

    def _get_limits(self):
        """Return the plan's limits as fields of an instance."""
        self.ensure_one()
        return {
            "cpu_cores": self.cpu_cores,
            "memory_mb": self.memory_mb,
            "storage_gb": self.storage_gb,
            "mails_per_day": self.mails_per_day,
        }


class SaasPlanPrice(models.Model):
    _name = "saas.plan.price"
    _description = "Price of a Plan"
    _inherit = ["saas.noted.mixin"]
    _order = "plan_id, period, currency_id"

    plan_id = fields.Many2one("saas.plan", required=True, ondelete="cascade")
    period = fields.Selection(PERIODS, required=True, default="monthly")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    amount = fields.Monetary(required=True)

    _price_uniq = models.Constraint(
        "UNIQUE (plan_id, period, currency_id, company_id)",
        "The plan has a price for this period and currency already.",
    )
    _amount_not_negative = models.Constraint(
        "CHECK (amount >= 0)", "A price cannot be negative."
    )

    @api.depends("plan_id.name", "period", "currency_id.name")
    def _compute_display_name(self):
        periods = dict(self._fields["period"]._description_selection(self.env))
        for price in self:
            price.display_name = ", ".join(
                [price.plan_id.name, periods[price.period], price.currency_id.name]
            )
