# An attempt is committed before the provider is asked: nobody is charged twice.
# pylint: disable=invalid-commit
from odoo import fields, models
from odoo.fields import Command

from odoo.addons.saas_master.tools.queue import PRIORITIES

from .saas_killbill_account import SOON

UNDER_WAY = frozenset({"pending", "authorized"})


class SaasKillbillAccount(models.Model):
    """Bills that are paid by what the customer saved, such as a card, by themselves.

    Tried once it is billed, and again on each day on which a reminder is due.
    """

    _inherit = "saas.killbill.account"

    saved_means = fields.Char(
        string="Charged Automatically",
        compute="_compute_saved_means",
        help="What the customer saved at a payment in the portal, such as a card.",
    )

    def _compute_saved_means(self):
        for account in self:
            token = account._get_token()
            account.saved_means = token.display_name if token else False

    def _get_token(self):
        """Return what the customer saved last, of a provider that works."""
        partner = self.partner_id
        return (
            self.env["payment.token"]
            .sudo()
            .search(
                [
                    ("partner_id", "child_of", partner.commercial_partner_id.id),
                    ("provider_id.state", "!=", "disabled"),
                    ("company_id", "=", self.server_id.company_id.id),
                ],
                order="id desc",
                limit=1,
            )
        )

    def _wake_to_charge(self):
        """Have a job charge what is to be charged now, if anything is."""
        token = self._get_token()
        if token:
            self._tell_of_cut_offs()
        if self._find_charged_now(token):
            self._queue_charge()

    def _queue_charge(self, eta=None):
        self._for_job().with_delay(
            channel="root.operations",
            priority=PRIORITIES["operations"],
            description=f"Charge: {self.partner_id.name}",
            identity_key=f"{self._name}-{self.id}-charge",
            eta=eta,
            max_retries=1,
        )._job_charge()

    def _job_charge(self):
        """Charge the customer's saved card for each bill that is open"""
        self.ensure_one()
        with self._alone() as alone:
            if not alone:  # Such as the job that woke this one, and goes on.
                self._queue_charge(eta=SOON)
                return
            token = self._get_token()
            for move in self._find_charged_now(token):
                self._charge(move, token)

    def _find_charged_now(self, token):
        """Return the bills for which an attempt is due.

        Only those that came after the card was saved: who saves one pays what comes,
        and has not agreed to more.
        """
        if not token:
            return self.env["account.move"]
        return self.sudo().move_ids.filtered(
            lambda move: (
                move.move_type == "out_invoice"
                and move.state == "posted"
                and move.payment_state in ("not_paid", "partial")
                and move.create_date >= token.create_date
                and self._is_attempt_due(move)
            )
        )

    def _is_attempt_due(self, move):
        if any(self._is_under_way(one) for one in move.transaction_ids):
            return False
        attempts = move.transaction_ids.filtered(lambda one: one.operation == "offline")
        days = (self._saas_now().date() - move.invoice_date).days
        return len(attempts) <= self.server_id._count_reminders(days)

    def _is_under_way(self, transaction):
        """Tell whether a payment may still come; of an abandoned form none does."""
        if transaction.state == "draft":
            return transaction.operation == "offline"
        waits = transaction.state == "done" and not transaction.is_post_processed
        return waits or transaction.state in UNDER_WAY

    def _tell_of_cut_offs(self):
        """Tell staff of attempts whose end nobody knows: they are not made again.

        Nobody else works on the account: who began one that is no further is dead.
        """
        begun = [("operation", "=", "offline"), ("state", "=", "draft")]
        mine = [("invoice_ids.killbill_account_id", "=", self.id)]
        transactions = self.env["payment.transaction"].sudo()
        for move in transactions.search([*begun, *mine]).invoice_ids:
            self._tell_of_cut_off(move)

    def _charge(self, move, token):
        """Charge what is open of a bill, and keep what came of it.

        :param move: the ``account.move``
        :param token: the ``payment.token``
        """
        transactions = self.env["payment.transaction"].sudo()
        attempt = transactions.create(
            {
                "provider_id": token.provider_id.id,
                "payment_method_id": token.payment_method_id.id,
                "token_id": token.id,
                "operation": "offline",
                "amount": move.amount_residual,
                "currency_id": move.currency_id.id,
                "partner_id": token.partner_id.id,
                "invoice_ids": [Command.set(move.ids)],
            }
        )
        self.env.cr.commit()
        attempt._charge_with_token()
        self.env.cr.commit()
        if attempt.state == "done":
            attempt._post_process()
        elif not self._is_under_way(attempt):
            self._tell_of_failure(move, attempt)
        self.env.cr.commit()

    def _tell_of_failure(self, move, attempt):
        text = self.env._(
            "%(means)s could not be charged for %(invoice)s: %(why)s",
            means=attempt.token_id.display_name,
            invoice=move.name,
            why=attempt.state_message or self.env._("no reason was given"),
        )
        for subscription in move.invoice_line_ids.saas_subscription_id:
            subscription._note("charge_failed", text, None)
        # A comment with a link to the bill, by mail.
        move.message_post(
            body=text,
            partner_ids=attempt.partner_id.ids,
            subtype_xmlid="mail.mt_comment",
        )

    def _tell_of_cut_off(self, move):
        self.env["saas.alarm"]._ring(
            "charge_cut_off",
            self.env._("Nobody knows whether a customer was charged"),
            self.env._(
                "%(name)s, %(invoice)s: look at the provider's own page, then confirm "
                "or cancel the payment transaction.",
                name=self.partner_id.name,
                invoice=move.name,
            ),
        )
