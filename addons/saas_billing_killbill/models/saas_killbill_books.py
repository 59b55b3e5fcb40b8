from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools.misc import format_date

from ..killbill import books
from ..killbill.catalog import product_of
from ..killbill.standing import owners_of


class SaasKillbillAccount(models.Model):
    """What Kill Bill bills, in Odoo's books: each line of its invoices once."""

    _inherit = "saas.killbill.account"

    move_ids = fields.One2many(
        "account.move",
        "killbill_account_id",
        groups="account.group_account_readonly,account.group_account_invoice",
    )

    def _keep_books(self, ledger):
        """Have all in the books that Kill Bill has, and nothing of it twice.

        :param Ledger ledger: what Kill Bill has
        :return: why the company's accounting does not take it; empty where it does
        """
        try:
            with self.env.cr.savepoint():
                self._book(ledger)
        except UserError as error:
            return str(error)
        return ""

    def _book(self, ledger):
        sold = {known.id: subscription for known, subscription in self._match(ledger)}
        owners = {
            item: sold[owner]
            for item, owner in owners_of(ledger.invoices).items()
            if owner in sold
        }
        for invoice in sorted(ledger.invoices, key=lambda one: int(one.number or 0)):
            if invoice.status == books.COMMITTED:
                self._book_lines(invoice, owners)
            elif invoice.status == books.VOID:
                self._book_void(invoice)
            if invoice.id in ledger.written_off:
                self._book_write_off(invoice)
            else:
                self._use_credit(invoice)

    def _get_moves(self, invoice):
        """Return what is in the books of an invoice of Kill Bill's."""
        return self.sudo().move_ids.filtered(
            lambda move: move.killbill_invoice == invoice.id and move.state == "posted"
        )

    # === LINES === #

    def _book_lines(self, invoice, owners):
        """Book what is not booked yet: a mended invoice has new lines."""
        booked = set(self._get_moves(invoice).line_ids.mapped("killbill_item"))
        items = [item for item in books.find_charged(invoice) if item.id not in booked]
        if items:
            total = sum(item.amount for item in items)
            sign, kind = (1, "out_invoice") if total >= 0 else (-1, "out_refund")
            lines = [
                Command.create(self._get_line(item, owners, sign)) for item in items
            ]
            move = self._post(invoice, kind, lines)
            self._check_net(move, abs(total))

    def _post(self, invoice, kind, lines, **values):
        """Post a document of an invoice of Kill Bill's.

        :return: the move
        """
        company = self.server_id.company_id
        partner = self.partner_id
        moves = self.env["account.move"].with_company(company)
        move = moves._create_guarded(
            [
                {
                    "move_type": kind,
                    "company_id": company.id,
                    "partner_id": partner.id,
                    "currency_id": self.currency_id.id,
                    "invoice_date": invoice.on,
                    "ref": self.env._("Kill Bill %s", invoice.number),
                    "killbill_account_id": self.id,
                    "killbill_invoice": invoice.id,
                    "invoice_line_ids": lines,
                    **values,
                }
            ]
        )
        move.sudo()._post(soft=False)
        return move.sudo()

    def _get_line(self, item, owners, sign):
        gift = self._find_gift(item)
        subscription = (
            owners.get(item.id) or owners.get(item.linked_id) or gift.subscription_id
        )
        plan = self._find_billed_plan(item, subscription)
        return {
            "product_id": self.server_id._get_product().id,
            "name": self._describe(item, subscription, plan),
            "quantity": 1.0,
            "price_unit": float(sign * item.amount),
            "killbill_item": item.id,
            "saas_subscription_id": subscription.id,
            "saas_plan_id": plan.id,
        }

    def _find_gift(self, item):
        """Return the order by which staff gave what a line credits."""
        return self.order_ids.filtered(lambda one: one.key == item.description)

    def _find_billed_plan(self, item, subscription):
        if item.plan:
            return self.env["saas.subscription"]._find_plan(product_of(item.plan))
        return subscription.plan_id

    def _describe(self, item, subscription, plan):
        """Say in the customer's language what a line is for."""
        env = self.with_context(lang=self.partner_id.lang).env
        name = subscription.instance_id.subdomain or subscription.name or ""
        words = {"plan": plan.with_env(env).name or "", "name": name}
        if gift := self._find_gift(item):
            return env._("Credit: %s", gift.reason)
        if not (item.start and item.end):
            return item.description or env._("%(plan)s of %(name)s", **words)
        words["days"] = f"{format_date(env, item.start)} – {format_date(env, item.end)}"
        if item.amount < 0:
            return env._("%(plan)s of %(name)s, not used: %(days)s", **words)
        return env._("%(plan)s of %(name)s: %(days)s", **words)

    def _check_net(self, move, total):
        """See that Odoo's net amount is Kill Bill's."""
        if move.currency_id.compare_amounts(move.amount_untaxed, float(total)):
            raise UserError(
                self.env._(
                    "Kill Bill's amounts are net, and the taxes of the product "
                    "“%s” are part of the price: choose taxes that are added to it.",
                    self.server_id._get_product().name,
                )
            )

    # === WHAT IS NO LONGER OWED === #

    def _book_void(self, invoice):
        """Take back what was booked of an invoice that is void."""
        moves = self._get_moves(invoice)
        if not moves.currency_id.is_zero(moves._sum_signed("amount_untaxed")):
            self._reverse(moves, self.env._("Void in Kill Bill"))

    def _book_write_off(self, invoice):
        """Credit what is still open of an invoice that is written off."""
        moves = self._get_moves(invoice)
        unpaid = moves.filtered(lambda move: move._get_open_lines())
        why = self._get_write_off_reason(moves)
        for move in unpaid.filtered(lambda move: move.move_type == "out_invoice"):
            if move.payment_state == "not_paid":
                self._reverse(move, why, is_killbill_write_off=True)
            else:
                self._credit_rest(invoice, move, why)

    def _get_write_off_reason(self, moves):
        subscriptions = moves.invoice_line_ids.saas_subscription_id
        orders = self.order_ids.filtered(
            lambda one: one.kind == "write_off" and one.subscription_id in subscriptions
        )
        if reason := orders.sorted("id")[-1:].reason:
            return self.env._("Written off: %s", reason)
        return self.env._("Written off in Kill Bill")

    def _reverse(self, moves, why, **values):
        """Post a credit note for all of each, in the next period that is open."""
        today = self._saas_now().date()
        given = [{"invoice_date": today, "ref": why} for _move in moves]
        funnel = moves.sudo()._without_caller_context()
        reverses = funnel._reverse_moves(given, cancel=True)
        for move, reverse in zip(moves, reverses, strict=True):
            reverse._write_guarded(
                {
                    "killbill_account_id": self.id,
                    "killbill_invoice": move.killbill_invoice,
                    **values,
                }
            )

    def _credit_rest(self, invoice, move, why):
        """Post a credit note for what is open of a move that is paid in part."""
        rest = move.amount_untaxed * move.amount_residual / move.amount_total
        plans = move.invoice_line_ids.saas_plan_id
        line = {
            "product_id": self.server_id._get_product().id,
            "name": why,
            "quantity": 1.0,
            "price_unit": move.currency_id.round(rest),
            "saas_plan_id": plans.id if len(plans) == 1 else False,
        }
        credit = self._post(
            invoice,
            "out_refund",
            [Command.create(line)],
            ref=why,
            invoice_date=self._saas_now().date(),
            is_killbill_write_off=True,
        )
        (move | credit)._get_open_lines().reconcile()

    def _use_credit(self, invoice):
        """Pay with credit notes what Kill Bill paid with credit.

        What was mended of an invoice is its own credit first.
        """
        moves = self._get_moves(invoice)
        self._offset(moves)
        if books.sum_credit(invoice) < 0:
            self._offset(moves | self._get_credit_notes())

    def _get_credit_notes(self):
        return self.sudo().move_ids.filtered(
            lambda move: move.move_type == "out_refund" and move.state == "posted"
        )

    def _offset(self, moves):
        """Reconcile invoices with credit notes, as far as there are both."""
        open_lines = moves._get_open_lines()
        if len({*open_lines.move_id.mapped("move_type")}) > 1:
            open_lines.reconcile()


class SaasKillbillServer(models.Model):
    """What invoices say is sold."""

    _inherit = "saas.killbill.server"

    product_id = fields.Many2one(
        "product.product",
        string="Sold As",
        help="Of all that is billed: its taxes and its income account are used, its "
        "price is not. Made by the first set-up, with the taxes of the company.",
    )

    def _get_product(self):
        """Return it; it is made once the company's taxes are known."""
        self.ensure_one()
        if not self.product_id:
            products = self.env["product.product"].sudo().with_company(self.company_id)
            self.product_id = products.create(
                {
                    "name": self.env._("Odoo Instance"),
                    "type": "service",
                    "list_price": 0.0,
                    "purchase_ok": False,
                }
            )
        return self.product_id.sudo()
