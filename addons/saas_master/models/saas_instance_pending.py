import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_datetime

_logger = logging.getLogger(__name__)

# So long a name is held, and a return waited for, until somebody pays.
HELD = timedelta(hours=48)
PAID = ("paid", "trial")
BEGINNINGS = frozenset({"provision", "reactivate"})


class SaasInstance(models.Model):
    """What is paid before it begins: a start without trial, and coming back."""

    _inherit = "saas.instance"

    pending_until = fields.Datetime(
        string="Waits for Payment until",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="It begins as soon as it is paid for; its name is held until then.",
    )

    def _begin(self, kind, reason=None):
        """Open what a new subscription is for, at once or when it is paid.

        :param str kind: ``provision`` or ``reactivate``
        :param str reason: in the words of who asks
        :return: the operation, or None where it waits for the payment
        """
        self.ensure_one()
        if not self.subscription_id._billing_pays_first():
            return self._request(kind, reason=reason)
        self.env["saas.operation"]._check_not_frozen()
        until = self._saas_now() + HELD
        self._write_guarded({"pending_until": until})
        self.env["saas.event"]._log(
            "payment_awaited",
            self.env._(
                "It begins once it is paid for, until %s.",
                format_datetime(self.env, until),
            ),
            instance=self,
            reason=reason,
        )
        return None

    def _request_one(self, kind, reason, params):
        operation = super()._request_one(kind, reason, params)
        if self.pending_until and kind in BEGINNINGS | {"discard"}:
            self._write_guarded({"pending_until": False})
        return operation

    def _get_wanted(self):
        if self.pending_until and self.billing_status in PAID:
            return "reactivate" if self.status == "terminated" else "provision", {}
        return super()._get_wanted()

    @api.model
    def _find_waiting(self):
        paid = [("pending_until", "!=", False), ("billing_status", "in", PAID)]
        return super()._find_waiting() | self.search(paid)

    def _purge_blockers(self):
        if self.pending_until:
            return [self._describe_pending()]
        return super()._purge_blockers()

    def _describe_pending(self):
        return self.env._(
            "%(name)s comes back once it is paid for, until %(until)s.",
            name=self.subdomain,
            until=format_datetime(self.env, self.pending_until),
        )

    @api.model
    def _cron_expire_pending(self):
        """Scheduled action: wait no longer for who did not pay in time."""
        over = [
            ("pending_until", "<", self._saas_now()),
            ("billing_status", "not in", PAID),
        ]
        for instance in self.search(over, limit=100):
            try:
                with self.env.cr.savepoint():
                    instance._expire()
            except UserError as error:  # Frozen, or being changed: the next look does.
                _logger.info("%s waits longer: %s", instance.subdomain, error)

    def _expire(self):
        reason = self.env._("It was not paid for in time.")
        if self.status != "terminated":
            return self._discard(reason=reason)
        self._write_guarded({"pending_until": False})
        self.subscription_id._billing_stop()
        return self.env["saas.event"]._log("payment_missed", reason, instance=self)
