from odoo import fields, models
from odoo.tools import SQL


class SaasTrialReport(models.Model):
    """What became of trials."""

    _name = "saas.trial.report"
    _description = "Trials Analysis"
    _auto = False
    _order = "end_date desc, id desc"
    _rec_name = "subscription_id"
    _depends = {
        "saas.subscription": [
            "is_trial",
            "trial_end",
            "ended_at",
            "billing_provider",
            "partner_id",
            "plan_id",
            "company_id",
        ],
        "saas.recurring.revenue": ["subscription_id"],
    }

    subscription_id = fields.Many2one("saas.subscription", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    plan_id = fields.Many2one("saas.plan", readonly=True, help="That of now.")
    company_id = fields.Many2one("res.company", readonly=True)
    end_date = fields.Date(
        string="End of the Trial",
        readonly=True,
        help="The end of the subscription where that came before.",
    )
    outcome = fields.Selection(
        [
            ("converted", "Became a customer"),
            ("lost", "Lost"),
            ("undecided", "Not decided yet"),
        ],
        readonly=True,
    )
    trials = fields.Integer(readonly=True)
    conversion = fields.Float(
        readonly=True,
        aggregator="avg",
        help="How many became customers, of those that are decided.",
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT trial.*,
                   1 AS trials,
                   CASE outcome WHEN 'converted' THEN 1.0 WHEN 'lost' THEN 0.0
                    END AS conversion
              FROM (
                       SELECT id,
                              id AS subscription_id,
                              partner_id,
                              plan_id,
                              company_id,
                              COALESCE(
                                  least(trial_end, ended_at), create_date
                              )::date AS end_date,
                              CASE
                                  WHEN EXISTS (
                                      SELECT FROM saas_recurring_revenue revenue
                                       WHERE revenue.subscription_id = subscription.id
                                  ) THEN 'converted'
                                  WHEN ended_at IS NOT NULL THEN 'lost'
                                  ELSE 'undecided'
                              END AS outcome
                         FROM saas_subscription subscription
                        WHERE is_trial AND billing_provider = 'killbill'
                   ) AS trial
            """
        )
