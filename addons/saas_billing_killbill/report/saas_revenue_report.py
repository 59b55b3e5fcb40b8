from odoo import fields, models
from odoo.tools import SQL


class SaasRevenueReport(models.Model):
    """What each subscription brings in, month by month, and what became of it.

    A subscription of which the month saw begin and end is in neither of its ends.
    """

    _name = "saas.revenue.report"
    _description = "Recurring Revenue Analysis"
    _auto = False
    _order = "month desc, subscription_id"
    _rec_name = "subscription_id"
    _depends = {
        "saas.recurring.revenue": [
            "subscription_id",
            "plan_id",
            "company_id",
            "date_from",
            "date_to",
            "monthly",
        ],
        "saas.subscription": ["partner_id", "period"],
        "res.company": ["currency_id"],
    }

    month = fields.Date(readonly=True, help="Its first day.")
    subscription_id = fields.Many2one("saas.subscription", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    plan_id = fields.Many2one("saas.plan", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    opening = fields.Monetary(
        string="At the Beginning",
        readonly=True,
        help="A month's worth, without tax, of what ran as the month began.",
    )
    gained = fields.Monetary(
        string="New", readonly=True, help="Of subscriptions that began to be paid."
    )
    expansion = fields.Monetary(
        readonly=True, help="Of larger plans and higher prices."
    )
    contraction = fields.Monetary(
        readonly=True, help="Lost to smaller plans and lower prices, less than 0."
    )
    churned = fields.Monetary(
        readonly=True, help="Lost with subscriptions that ended, less than 0."
    )
    closing = fields.Monetary(
        string="Recurring Revenue",
        readonly=True,
        help="A month's worth, without tax, of what ran as the month ended: MRR.",
    )
    subscriptions = fields.Integer(readonly=True, help="That ran as the month ended.")
    churn = fields.Float(
        readonly=True,
        aggregator="avg",
        help="How many of those that ran as the month began had ended at its end.",
    )
    revenue_churn = fields.Float(
        readonly=True,
        aggregator="avg",
        help="How much of what came in as the month began was lost with those that "
        "ended.",
    )

    @property
    def _table_query(self):
        return SQL(
            """
            WITH at_end AS (%s)
            SELECT pair.*,
                   subscription.partner_id,
                   company.currency_id,
                   CASE WHEN opening = 0 THEN closing ELSE 0 END AS gained,
                   CASE WHEN opening > 0 THEN greatest(closing - opening, 0)
                        ELSE 0 END AS expansion,
                   CASE WHEN closing > 0 THEN least(closing - opening, 0)
                        ELSE 0 END AS contraction,
                   CASE WHEN closing = 0 THEN -opening ELSE 0 END AS churned,
                   (closing > 0)::int AS subscriptions,
                   CASE WHEN opening > 0 THEN (closing = 0)::int END AS churn,
                   CASE WHEN opening > 0 THEN (closing = 0)::int END AS revenue_churn
              FROM (%s) AS pair
              JOIN saas_subscription subscription ON subscription.id = subscription_id
              JOIN res_company company ON company.id = pair.company_id
            """,
            self._get_ends_of_months(),
            self._get_pairs(),
        )

    def _get_ends_of_months(self):
        """Return what ran as each month ended, the present one as it is today."""
        return SQL(
            """
            SELECT revenue.subscription_id, revenue.plan_id, revenue.company_id,
                   revenue.monthly, month::date AS month
              FROM saas_recurring_revenue revenue,
                   generate_series(
                       date_trunc('month', revenue.date_from),
                       least(
                           date_trunc('month', revenue.date_to) - interval '1 month',
                           date_trunc('month', %s::date)
                       ),
                       interval '1 month'
                   ) month
            """,
            self.env["saas.guarded.mixin"]._saas_now().date(),
        )

    def _get_pairs(self):
        """Return each month's end beside the end of the month before."""
        # The month of each row is in its id, so that it stays the same.
        return SQL(
            """
            SELECT subscription_id * 10000::bigint
                       + (12 * date_part('year', month) + date_part('month', month)
                          - 12 * 2000)::bigint AS id,
                   month,
                   subscription_id,
                   COALESCE(after.plan_id, before.plan_id) AS plan_id,
                   COALESCE(after.company_id, before.company_id) AS company_id,
                   COALESCE(before.monthly, 0) AS opening,
                   COALESCE(after.monthly, 0) AS closing
              FROM at_end after
              FULL JOIN (
                       SELECT subscription_id, plan_id, company_id, monthly,
                              (month + interval '1 month')::date AS month
                         FROM at_end
                        WHERE month < date_trunc('month', %s::date)
                   ) before
             USING (subscription_id, month)
             WHERE COALESCE(before.monthly, 0) > 0 OR COALESCE(after.monthly, 0) > 0
            """,
            self.env["saas.guarded.mixin"]._saas_now().date(),
        )

    def _read_group_select(self, aggregate_spec, query):
        """Weigh the revenue that was lost by what there was of it."""
        if aggregate_spec != "revenue_churn:avg":
            return super()._read_group_select(aggregate_spec, query)
        return SQL(
            "-SUM(%s) / NULLIF(SUM(%s), 0)",
            self._field_to_sql(self._table, "churned", query),
            self._field_to_sql(self._table, "opening", query),
        )
