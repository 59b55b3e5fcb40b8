from odoo import api, fields, models

from ..killbill import books


class SaasKillbillAccount(models.Model):
    """What Kill Bill says that an account owes, beside what the books say.

    Both without tax, as they were when both sides were last looked at.
    """

    _inherit = "saas.killbill.account"

    billed = fields.Monetary(readonly=True, help="All that Kill Bill ever billed.")
    booked = fields.Monetary(
        readonly=True, help="What is in the books of it, invoices less credit notes."
    )
    owed = fields.Monetary(
        readonly=True, help="What is open in Kill Bill; less than 0 is a credit."
    )
    open_amount = fields.Monetary(
        string="Open", readonly=True, help="What is open in the books of it."
    )
    difference = fields.Monetary(
        readonly=True, help="How far both sides are from each other; it should be 0."
    )

    def _note_balance(self, ledger):
        """Write down how both sides are.

        :param Ledger ledger: what Kill Bill has
        """
        asked = [one for one in ledger.invoices if one.status == books.COMMITTED]
        moves = self.sudo().move_ids.filtered(lambda move: move.state == "posted")
        asked_for = moves.filtered(lambda move: not move.is_killbill_write_off)
        billed = float(sum(map(books.sum_charged, asked)))
        booked = asked_for._sum_signed("amount_untaxed")
        owed = float(books.sum_owed(ledger.invoices))
        open_amount = sum(move._get_open_net() for move in moves)
        self._write_guarded(
            {
                "billed": billed,
                "booked": booked,
                "owed": owed,
                "open_amount": open_amount,
                "difference": abs(billed - booked) + abs(owed - open_amount),
            }
        )

    @api.model
    def _cron_compare_books(self):
        """Scheduled action: tell managers where books and Kill Bill do not agree."""
        waiting = [("state", "=", "waiting")]
        domain = [("difference", "!=", 0.0), ("order_ids", "not any", waiting)]
        accounts = self.search(domain, limit=100)
        if accounts:
            self.env["saas.alarm"]._ring(
                "books_differ",
                self.env._("The books and Kill Bill do not agree"),
                self.env._(
                    "Look at Operations, Kill Bill Accounts, of: %s",
                    ", ".join(accounts.mapped("partner_id.name")),
                ),
            )
