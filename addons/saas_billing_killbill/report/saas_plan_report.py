from odoo import fields, models
from odoo.tools import SQL


class SaasPlanReport(models.Model):
    """What plans bring in, and what their instances use.

    What was billed is of its invoice's day, what is used is of today.
    """

    _name = "saas.plan.report"
    _description = "Plans Analysis"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "plan_id"
    _depends = {
        "account.move": ["killbill_account_id", "invoice_date", "state"],
        "account.move.line": [
            "saas_plan_id",
            "company_id",
            "company_currency_id",
            "balance",
            "display_type",
        ],
        "saas.instance": ["plan_id", "used_gb", "storage_gb", "provisioning_status"],
        "saas.subscription": ["company_id"],
    }

    date = fields.Date(readonly=True)
    plan_id = fields.Many2one("saas.plan", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    revenue = fields.Monetary(
        readonly=True, help="Invoices less credit notes, without tax."
    )
    instances = fields.Integer(string="Instances Now", readonly=True)
    used_gb = fields.Float(
        string="Average Use (GB)",
        readonly=True,
        aggregator="avg",
        help="Database and files of an instance, as last measured.",
    )
    used_share = fields.Float(
        string="Average Use of the Quota",
        readonly=True,
        aggregator="avg",
        help="How much of its storage an instance uses.",
    )

    @property
    def _table_query(self):
        # The ids of both sides stay apart: even ones, odd ones.
        return SQL(
            """
            SELECT line.id * 2::bigint AS id,
                   move.invoice_date AS date,
                   line.saas_plan_id AS plan_id,
                   line.company_id,
                   line.company_currency_id AS currency_id,
                   -line.balance AS revenue,
                   0 AS instances,
                   NULL::numeric AS used_gb,
                   NULL::numeric AS used_share
              FROM account_move_line line
              JOIN account_move move ON move.id = line.move_id
             WHERE move.killbill_account_id IS NOT NULL
               AND move.state = 'posted'
               AND line.display_type = 'product'
            UNION ALL
            SELECT instance.id * 2::bigint + 1,
                   %s::date,
                   instance.plan_id,
                   subscription.company_id,
                   company.currency_id,
                   0,
                   1,
                   instance.used_gb,
                   instance.used_gb / instance.storage_gb
              FROM saas_instance instance
              JOIN saas_subscription subscription
                ON subscription.id = instance.subscription_id
              JOIN res_company company ON company.id = subscription.company_id
             WHERE instance.provisioning_status = 'ready'
            """,
            self.env["saas.guarded.mixin"]._saas_now().date(),
        )
