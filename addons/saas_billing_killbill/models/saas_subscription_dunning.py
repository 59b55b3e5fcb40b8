from datetime import datetime, time

from odoo import fields, models

from ..killbill.standing import find_unpaid


class SaasKillbillAccount(models.Model):
    """Which of its subscriptions end, as they were never paid."""

    _inherit = "saas.killbill.account"

    def _stop_unpaid(self, ledger):
        """Order the end of what was not paid for too long.

        :param Ledger ledger: what Kill Bill has
        """
        for known, subscription in self._match(ledger):
            subscription._stop_unpaid(known, ledger.invoices)


class SaasSubscription(models.Model):
    """When who does not pay is suspended: not before a promise, nor on a day off.

    And when it ends.
    """

    _inherit = "saas.subscription"

    promised_until = fields.Datetime(
        string="Payment Promised by",
        readonly=True,
        copy=False,
        help="It is not suspended before.",
    )

    def _billing_promise(self, until, reason):
        if not self._is_killbill():
            return super()._billing_promise(until, reason)
        self._check_living()
        self._write_guarded({"promised_until": until})
        self._note_promise(until, reason)
        return self.killbill_account_id._wake(changed=True)

    def _stop_unpaid(self, known, invoices):
        """Order the end of what is suspended and was not paid for too long, once.

        Where Kill Bill refused that, staff were told.

        :param Subscription known: the subscription there
        :param invoices: all of its account
        """
        days = self.killbill_account_id.server_id._get_days("terminate")
        is_ending = self.ended_at or "stop" in self.killbill_order_ids.mapped("kind")
        if days is None or is_ending or self.billing_status != "suspended":
            return
        since = min((one.on for one, _ in find_unpaid(known, invoices)), default=None)
        if since and (self._saas_now().date() - since).days >= days:
            text = self.env._("It has not been paid for %s days: it ends now.", days)
            self._note("stop_ordered", text, None)
            self._tell_killbill("stop", reason=text)

    def _soften(self, status):
        """Return the status that holds where Kill Bill's days say another one.

        What is suspended stays so on a day off: to pay or to promise brings it back.
        """
        if status != "suspended":
            return status
        promised = self.promised_until and self._saas_now() < self.promised_until
        is_new = self.billing_status != "suspended"
        return "overdue" if promised or (is_new and self._is_day_off()) else status

    def _is_day_off(self):
        """Tell whether nobody of the company could be asked for help today."""
        calendar = self.company_id.sudo().resource_calendar_id
        today = self._saas_now().date()
        day = datetime.combine(today, time()), datetime.combine(today, time.max)
        return bool(calendar and calendar._get_unusual_days(*day).get(str(today)))
