from odoo import api, fields, models


class AccountMove(models.Model):
    """An invoice or credit note for what Kill Bill bills."""

    _name = "account.move"
    _inherit = ["saas.guarded.mixin", "account.move"]
    _saas_guarded = frozenset(
        {"killbill_account_id", "killbill_invoice", "is_killbill_write_off"}
    )

    killbill_account_id = fields.Many2one(
        "saas.killbill.account",
        string="Account in Kill Bill",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    killbill_invoice = fields.Char(
        string="Invoice in Kill Bill",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Its id there.",
    )
    is_killbill_write_off = fields.Boolean(
        string="Written Off", readonly=True, copy=False
    )

    def _get_open_lines(self):
        """Return the lines on which something is still to be paid."""
        return self._get_owed_lines().filtered(lambda line: not line.reconciled)

    def _get_owed_lines(self):
        return self.line_ids.filtered(lambda line: line.display_type == "payment_term")

    def _sum_paid(self, is_counted):
        """Return what is paid of these by some other moves, with tax.

        :param is_counted: tells of another move whether it counts
        """
        lines = self._get_owed_lines()
        paid = sum(
            partial.debit_amount_currency
            for partial in lines.matched_credit_ids
            if is_counted(partial.credit_move_id.move_id)
        )
        given_back = sum(
            partial.credit_amount_currency
            for partial in lines.matched_debit_ids
            if is_counted(partial.debit_move_id.move_id)
        )
        return paid - given_back

    def _get_paid_by_money(self):
        """Return what payments paid of these."""
        return self._sum_paid(lambda move: not move.is_sale_document())

    def _get_paid_by_credit(self):
        """Return what was paid by credit that Kill Bill knows of, too."""
        return self._sum_paid(
            lambda move: move.killbill_account_id and move not in self
        )

    def _get_open_net(self):
        """Return what is open of one, without tax; less than 0 of a credit note."""
        self.ensure_one()
        if not self._get_open_lines() or not self.amount_total:
            return 0.0
        net, total = self.amount_untaxed, self.amount_total
        settled = self.currency_id.round(net * (total - self.amount_residual) / total)
        return -self.direction_sign * (net - settled)

    def _sum_signed(self, name):
        """Return a sum of amounts in the moves' currency, credit notes less than 0."""
        return sum(move.direction_sign * -move[name] for move in self)


class AccountMoveLine(models.Model):
    """A line that Kill Bill has, too."""

    _name = "account.move.line"
    _inherit = ["saas.guarded.mixin", "account.move.line"]
    _saas_guarded = frozenset({"killbill_item", "saas_subscription_id"})

    killbill_item = fields.Char(
        string="Line in Kill Bill",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Its id there.",
    )
    saas_subscription_id = fields.Many2one(
        "saas.subscription",
        string="Subscription",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    # Of a copy, too: what is taken back is less revenue of the same plan.
    saas_plan_id = fields.Many2one("saas.plan", string="Plan", readonly=True)


class AccountPartialReconcile(models.Model):
    """Whatever pays an invoice, or no longer does, is told to Kill Bill soon."""

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        partials._get_killbill_accounts()._wake(changed=True)
        return partials

    def unlink(self):
        accounts = self._get_killbill_accounts()
        result = super().unlink()
        accounts._wake(changed=True)
        return result

    def _get_killbill_accounts(self):
        lines = self.sudo().debit_move_id | self.sudo().credit_move_id
        return lines.move_id.killbill_account_id
