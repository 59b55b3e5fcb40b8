from odoo import fields, models
from odoo.tools import SQL

# What is true of a moment: over several months it is their average, no sum.
STANDING = ("opening", "closing", "subscriptions")


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
        help="A month's worth, without tax, of what ran as the month began; over "
        "several months their average.",
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
        help="A month's worth, without tax, of what ran as the month ended: MRR; over "
        "several months their average.",
    )
    subscriptions = fields.Integer(
        readonly=True,
        help="That ran as the month ended; over several months their average.",
    )
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
        # The month of each row is in its id, so that it stays the same.
        return SQL(
            """
            SELECT by_month.*,
                   subscription_id * 100000::bigint + number AS id,
                   make_date(number / 12, number %% 12 + 1, 1) AS month,
                   CASE WHEN opening = 0 THEN closing ELSE 0 END AS gained,
                   CASE WHEN opening > 0 THEN greatest(closing - opening, 0)
                        ELSE 0 END AS expansion,
                   CASE WHEN closing > 0 THEN least(closing - opening, 0)
                        ELSE 0 END AS contraction,
                   CASE WHEN closing = 0 THEN -opening ELSE 0 END AS churned,
                   (closing > 0)::int AS subscriptions,
                   CASE WHEN opening > 0 THEN (closing = 0)::int END AS churn,
                   CASE WHEN opening > 0 THEN (closing = 0)::int END AS revenue_churn
              FROM (%s) AS by_month
             WHERE opening > 0 OR closing > 0
            """,
            self._get_by_month(),
        )

    def _get_by_month(self):
        """Return each month's end beside the end of the month before.

        What has no other after it is in one more month, that of its end.
        """
        return SQL(
            """
            SELECT subscription_id, partner_id, plan_id, company_id, currency_id,
                   number,
                   CASE WHEN number > first THEN monthly
                        WHEN last_before = first - 1 THEN monthly_before
                        ELSE 0 END AS opening,
                   CASE WHEN number > last THEN 0 ELSE monthly END AS closing
              FROM (%s) AS ran,
                   generate_series(
                       first,
                       CASE WHEN last = present OR first_after = last + 1
                            THEN last ELSE last + 1 END
                   ) AS number
            """,
            self._get_ran(),
        )

    def _get_ran(self):
        """Return at the ends of which months each ran, and what ran before and after.

        Months are numbers, the present one is as it is today.
        """
        return SQL(
            """
            SELECT revenue.subscription_id, revenue.plan_id, revenue.company_id,
                   revenue.monthly, subscription.partner_id, company.currency_id,
                   first, last, present,
                   lag(last) OVER subscriptions AS last_before,
                   lag(monthly) OVER subscriptions AS monthly_before,
                   lead(first) OVER subscriptions AS first_after
              FROM saas_recurring_revenue revenue
              JOIN saas_subscription subscription
                ON subscription.id = revenue.subscription_id
              JOIN res_company company ON company.id = revenue.company_id
             CROSS JOIN LATERAL (SELECT %(present)s AS present) now
             CROSS JOIN LATERAL (
                       SELECT %(from)s AS first, least(%(to)s - 1, present) AS last
                   ) months
             WHERE first <= last
            WINDOW subscriptions AS (
                       PARTITION BY revenue.subscription_id ORDER BY date_from
                   )
            """,
            **{
                "present": _number(
                    SQL("%s::date", self.env["saas.guarded.mixin"]._saas_now().date())
                ),
                "from": _number(SQL("revenue.date_from")),
                "to": _number(SQL("revenue.date_to")),
            },
        )

    def _read_group_select(self, aggregate_spec, query):
        """Weigh churn by what there was, and sum up no month twice."""
        name, _, aggregate = aggregate_spec.partition(":")
        if aggregate_spec == "revenue_churn:avg":
            return SQL(
                "-SUM(%s) / NULLIF(SUM(%s), 0)",
                self._field_to_sql(self._table, "churned", query),
                self._field_to_sql(self._table, "opening", query),
            )
        selected = super()._read_group_select(aggregate_spec, query)
        if aggregate == "sum" and name in STANDING:
            month = self._field_to_sql(self._table, "month", query)
            span = _number(SQL("MAX(%s)", month)), _number(SQL("MIN(%s)", month))
            return SQL("%s / (%s - %s + 1)", selected, *span)
        return selected


def _number(day):
    """Return the SQL of a month's number since year 0."""
    return SQL(
        "(12 * date_part('year', %s) + date_part('month', %s) - 1)::int", day, day
    )
