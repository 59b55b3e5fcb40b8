from odoo import fields, models
from odoo.tools import SQL


class SaasReceivableReport(models.Model):
    """What customers owe, by how long it has been due.

    Credit notes that pay nothing yet count against it.
    """

    _name = "saas.receivable.report"
    _description = "Receivables Analysis"
    _auto = False
    _order = "date_maturity, id"
    _rec_name = "move_id"
    _depends = {
        "account.move": ["killbill_account_id", "state"],
        "account.move.line": [
            "move_id",
            "partner_id",
            "company_id",
            "company_currency_id",
            "date_maturity",
            "amount_residual",
            "display_type",
            "reconciled",
        ],
    }

    move_id = fields.Many2one("account.move", string="Invoice", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    date_maturity = fields.Date(string="Due Date", readonly=True)
    days = fields.Integer(
        string="Days Overdue", readonly=True, aggregator="max", help="0: not due yet."
    )
    # In this order as words, too, as groups are sorted by them.
    age = fields.Selection(
        [
            ("a_not_due", "Not due"),
            ("b_30", "1–30 days"),
            ("c_60", "31–60 days"),
            ("d_90", "61–90 days"),
            ("e_older", "Older"),
        ],
        readonly=True,
    )
    amount = fields.Monetary(
        string="Open Amount",
        readonly=True,
        help="With tax, in the company's currency.",
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT open.*,
                   CASE WHEN days = 0 THEN 'a_not_due'
                        WHEN days <= 30 THEN 'b_30'
                        WHEN days <= 60 THEN 'c_60'
                        WHEN days <= 90 THEN 'd_90'
                        ELSE 'e_older' END AS age
              FROM (
                       SELECT line.id,
                              line.move_id,
                              line.partner_id,
                              line.company_id,
                              line.company_currency_id AS currency_id,
                              line.date_maturity,
                              line.amount_residual AS amount,
                              greatest(%s::date - line.date_maturity, 0) AS days
                         FROM account_move_line line
                         JOIN account_move move ON move.id = line.move_id
                        WHERE move.killbill_account_id IS NOT NULL
                          AND move.state = 'posted'
                          AND line.display_type = 'payment_term'
                          AND line.reconciled IS NOT TRUE
                   ) AS open
            """,
            self.env["saas.guarded.mixin"]._saas_now().date(),
        )
