from odoo import fields, models

from ..killbill.catalog import product_of
from ..killbill.revenue import find_stretches


class SaasRecurringRevenue(models.Model):
    """What a subscription brings in a month, from a day to a day.

    Follows Kill Bill's lines, those of the past too: a bill that is mended later
    mends it.
    """

    _name = "saas.recurring.revenue"
    _description = "Recurring Revenue"
    _inherit = ["saas.guarded.mixin"]
    _order = "subscription_id, date_from"
    _rec_name = "subscription_id"
    _saas_guarded = frozenset(
        {
            "subscription_id",
            "plan_id",
            "company_id",
            "date_from",
            "date_to",
            "monthly",
            "monthly_in_currency",
        }
    )

    subscription_id = fields.Many2one(
        "saas.subscription", required=True, readonly=True, ondelete="cascade"
    )
    plan_id = fields.Many2one("saas.plan", required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    currency_id = fields.Many2one(related="subscription_id.currency_id")
    date_from = fields.Date(string="From", required=True, readonly=True)
    date_to = fields.Date(
        string="To", readonly=True, help="The first day without it; none: it goes on."
    )
    monthly_in_currency = fields.Monetary(
        readonly=True, help="Without tax, in the customer's currency."
    )
    monthly = fields.Monetary(
        currency_field="company_currency_id",
        readonly=True,
        help="Without tax, in the company's currency by the rate of its first day.",
    )

    _begin_uniq = models.Constraint(
        "UNIQUE (subscription_id, date_from)",
        "A subscription brings in one amount at a time.",
    )


class SaasSubscription(models.Model):
    """What it brings in."""

    _inherit = "saas.subscription"

    revenue_ids = fields.One2many(
        "saas.recurring.revenue",
        "subscription_id",
        groups="saas_billing_killbill.group_finance",
    )

    def _keep_revenue(self, stretches):
        """Have on record what it brings in, and when that changed.

        :param list stretches: all of its life
        """
        wanted = [self._get_revenue(each) for each in stretches]
        if wanted != self.sudo().revenue_ids.sorted("date_from").mapped(_read):
            self.sudo().revenue_ids.unlink()
            self.env["saas.recurring.revenue"]._create_guarded(
                [values | {"subscription_id": self.id} for values in wanted]
            )

    def _get_revenue(self, stretch):
        company = self.company_id
        monthly = float(stretch.monthly)
        return {
            "plan_id": self._find_plan(product_of(stretch.plan)).id,
            "company_id": company.id,
            "date_from": stretch.start,
            "date_to": stretch.end or False,
            "monthly_in_currency": monthly,
            "monthly": self.currency_id._convert(
                monthly, company.currency_id, company, stretch.start
            ),
        }


class SaasKillbillAccount(models.Model):
    """What its subscriptions bring in."""

    _inherit = "saas.killbill.account"

    def _keep_revenue(self, ledger):
        """Have on record what each subscription brings in.

        :param Ledger ledger: what Kill Bill has
        """
        for known, subscription in self._match(ledger):
            subscription._keep_revenue(find_stretches(known, ledger))


def _read(revenue):
    return {
        "plan_id": revenue.plan_id.id,
        "company_id": revenue.company_id.id,
        "date_from": revenue.date_from,
        "date_to": revenue.date_to,
        "monthly_in_currency": revenue.monthly_in_currency,
        "monthly": revenue.monthly,
    }
