from datetime import timedelta

from odoo import fields, models
from odoo.tools.misc import format_date

from ..killbill.standing import find_unpaid

TEMPLATE = "saas_billing_killbill.mail_template_{}"


class SaasSubscription(models.Model):
    """What its customer is told by mail: each thing that happens, once.

    Written down in the transaction in which it happens, and sent after it.
    """

    _inherit = "saas.subscription"

    reminders_sent = fields.Integer(
        readonly=True, copy=False, help="Of what is owed now."
    )

    def _follow_killbill(self, state, pending):
        before, pending_before = self._get_billing_state(), self.pending_plan_id
        result = super()._follow_killbill(state, pending)
        for kind in self._find_news(before, pending_before):
            self._tell_customer(kind)
        return result

    def _find_news(self, before, pending_before):
        """Yield what happened, as names of templates.

        :param BillingState before: what was true
        :param pending_before: the ``saas.plan`` that was to come
        """
        after = self._get_billing_state()
        if after.ended_at:
            if not before.ended_at:
                yield "ended"
            return
        if bool(after.cancel_at) != bool(before.cancel_at):
            yield "cancelled" if after.cancel_at else "cancellation_undone"
        if after.plan != before.plan:
            yield "plan_changed"
        elif self.pending_plan_id - pending_before:
            yield "plan_to_come"
        if after.status == "suspended" != before.status:
            yield "suspended"
        if after.status == "paid" and before.due > 0 and not self._was_forgiven():
            yield "paid"

    def _was_forgiven(self):
        """Tell whether what was owed last was written off, and not paid."""
        orders = self.killbill_account_id.order_ids.sorted("id")
        ends = orders.filtered(
            lambda one: (
                one.kind == "pay"
                or (one.kind == "write_off" and one.subscription_id == self)
            )
        )
        return ends[-1:].kind == "write_off"

    def _remind(self, known, invoices):
        """Remind of what is owed, once for each of the days on which that is due.

        :param Subscription known: the subscription there
        :param invoices: all of its account
        """
        unpaid = find_unpaid(known, invoices)
        if not unpaid or self.ended_at:
            if self.reminders_sent:
                self._write_guarded({"reminders_sent": 0})
            return
        if self.promised_until and self._saas_now() < self.promised_until:
            return
        days = (self._saas_now().date() - min(one.on for one, _ in unpaid)).days
        server = self.killbill_account_id.server_id
        due = server._count_reminders(days)
        if due > self.reminders_sent:
            self._write_guarded({"reminders_sent": due})
            if self.billing_status != "suspended":
                end = self._get_end_of_grace(days)
                self._tell_customer("reminder", suspended_on=end)

    def _get_end_of_grace(self, days):
        """Return the day on which it is suspended, as text; empty for never.

        :param int days: since when it is owed
        """
        grace = self.killbill_account_id.server_id._get_days("suspend")
        if grace is None:
            return ""
        day = self._saas_now().date() + timedelta(days=max(grace - days, 1))
        return format_date(self.env, day, lang_code=self.partner_id.lang)

    def _tell_customer(self, kind, **words):
        """Queue a mail to the customer, in their language.

        :param str kind: of a template
        :param words: what the template says beside the record
        """
        words["kept_days"] = self.instance_id._get_retention_days()
        self._send_template(kind, self, **words)

    def _send_template(self, kind, record, **words):
        """Queue a mail about a record; staff may have done without the template.

        Whoever has no address is told at that of the instance.
        """
        template = self.env.ref(TEMPLATE.format(kind), raise_if_not_found=False)
        if template:
            values = {}
            if not self.partner_id.email:
                values = {"recipient_ids": [], "email_to": self.instance_id[:1].email}
            template.sudo().with_context(**words).send_mail(
                record.id,
                email_layout_xmlid="mail.mail_notification_light",
                email_values=values,
            )


class SaasKillbillAccount(models.Model):
    """What its customer is told of bills."""

    _inherit = "saas.killbill.account"

    def _remind(self, ledger):
        """Remind of what is owed of each subscription.

        :param Ledger ledger: what Kill Bill has
        """
        for known, subscription in self._match(ledger):
            subscription._remind(known, ledger.invoices)

    def _post(self, invoice, kind, lines, **values):
        move = super()._post(invoice, kind, lines, **values)
        if kind == "out_invoice" and move.amount_residual:
            subscription = move.invoice_line_ids.saas_subscription_id[:1]
            subscription._send_template("bill", move, means=self.saved_means)
        return move


class SaasKillbillServer(models.Model):
    """On which days who owes is reminded."""

    _inherit = "saas.killbill.server"

    def _count_reminders(self, days):
        """Return how many reminders are due of what is owed for some days."""
        return len(
            self.overdue_ids.filtered(
                lambda state: state.action == "remind" and state.days <= days
            )
        )
