from dataclasses import dataclass, replace
from datetime import datetime

from dateutil.relativedelta import relativedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_datetime

from .saas_subscription import BillingState


@dataclass(frozen=True, kw_only=True)
class ChangePreview:
    """What a change of plan would cost: net, in the subscription's currency."""

    effective_at: datetime
    due_now: float = 0.0


class SaasSubscription(models.Model):
    """The billing contract, outward: what the platform asks of who bills.

    What is here is the provider ``none``: nobody bills, staff decide what is owed and
    paid ("Set Billing State"), and no date ends anything by itself. Another provider
    adds itself to ``billing_provider`` and overrides each ``_billing_…``, with
    ``super()`` where the subscription is not its own. All are called in the
    transaction of who asks, in `web` too: a provider writes down what is wanted, has
    `jobs` tell its system, and answers by ``_apply_billing_state``.
    """

    _inherit = "saas.subscription"

    # === ITS LIFE === #

    def _billing_start(self):
        """Begin to bill a new subscription; none: it is as it was opened."""
        self.ensure_one()

    def _billing_reactivate(self):
        """Begin to bill the new subscription of an instance that comes back.

        None: it waits for payment, as it was opened.
        """
        self.ensure_one()

    def _billing_pays_first(self):
        """Tell whether what it is for begins only once it is paid; none: at once."""
        self.ensure_one()
        return False

    def _billing_cancel(self):
        """End it when the time that is paid for, or the trial, is over.

        None: the date is written down; staff terminate the instance then.

        :raise UserError: where it has ended
        """
        self._check_living()
        end, now = self[self._get_end_field()], self._saas_now()
        self._decide(cancel_at=max(end or now, now))

    def _billing_undo_cancel(self):
        """Take a cancellation back.

        :raise UserError: where it has ended, or nothing was cancelled
        """
        self._check_living()
        if not self.cancel_at:
            raise UserError(self.env._("%s was not cancelled.", self.name))
        self._decide(cancel_at=None)

    def _billing_stop(self):
        """End it now: its instance is terminated or discarded."""
        self.ensure_one()
        self._decide(ended_at=self.ended_at or self._saas_now())

    # === WHOSE IT IS === #

    def _billing_describe_hand_over(self, partner):
        """Say what becomes of the bills, before it is done; none: there are none.

        :param partner: the commercial partner who pays from then on
        """
        return ""

    def _billing_hand_over(self, partner):
        """Let another customer pay from now on; none: the subscription is theirs.

        :param partner: the commercial partner who pays
        :raise UserError: where it has ended, or something is owed
        """
        self._check_living()
        self._write_guarded({"partner_id": partner.id})

    # === ITS PLAN === #

    def _billing_preview_change(self, plan):
        """Say what another plan would cost now; none: nothing, nobody bills.

        In `jobs` alone: a provider asks its system.

        :param plan: a ``saas.plan``
        :raise UserError: where it could not be had now
        :rtype: ChangePreview
        """
        self._check_living()
        return ChangePreview(effective_at=self._saas_now())

    def _describe_change(self, plan):
        """Say in words and figures what another plan would cost now.

        :param plan: a ``saas.plan``
        :rtype: dict
        """
        preview = self._billing_preview_change(plan)
        begin = format_datetime(self.env, preview.effective_at)
        words = {"plan": plan.name, "begin": begin}
        billed = self.env._("Nothing is billed now.")
        if not self.currency_id.is_zero(preview.due_now):
            due = self.currency_id.format(preview.due_now)
            billed = self.env._("%s is billed now, without tax.", due)
        return {
            "changes": [self.env._("%(plan)s begins on %(begin)s.", **words), billed],
            "effective_at": fields.Datetime.to_string(preview.effective_at),
            "due_now": preview.due_now,
        }

    def _billing_has_pending_change(self):
        """Tell whether another plan comes later, which the present one takes back.

        None: each change is at once.
        """
        self.ensure_one()
        return False

    def _billing_change_plan(self, plan, reason=None):
        """Ask for another plan; the instance follows when billing says that it is so.

        None: the instance is changed at once, and the subscription with it.

        :param plan: a ``saas.plan``
        :param str reason: in the words of who asks
        :raise UserError: where it has ended, or the instance cannot be changed now
        :return: the operation that began, if one did
        """
        self._check_living()
        instance = self.instance_id
        # Another plan that it was to have and could not is no longer wanted.
        self._write_guarded({"plan_id": instance.plan_id.id})
        return instance._request("change_plan", reason=reason, plan=plan.code)

    # === WHAT IS OWED === #

    def _billing_open_items(self):
        """Return what is owed, the oldest first; none: there are no invoices.

        :return: dicts of ``name``, ``due_on`` and ``amount``
        :rtype: list
        """
        self.ensure_one()
        return []

    def _billing_describe_extension(self, days):
        """Say what giving days does, before it is done.

        :param int days: how many
        """
        end = self._get_extended_end(days)
        return self.env._(
            "%(name)s goes on until %(end)s without being paid for these days.",
            name=self.name,
            end=format_datetime(self.env, end),
        )

    def _billing_extend(self, days, reason):
        """Give days as a present, after the trial or what is paid for.

        :param int days: how many
        :param str reason: why
        :raise UserError: where it has ended
        """
        self._check_living()
        end = self._get_extended_end(days)
        self._decide(**{self._get_end_field(): end})
        self._note(
            "billing_extended",
            self.env._(
                "%(days)s days were given, until %(end)s.",
                days=days,
                end=format_datetime(self.env, end),
            ),
            reason,
        )

    def _billing_write_off(self, reason):
        """Give up what is owed; none: the status stays, staff decide on it.

        :param str reason: why
        """
        self.ensure_one()
        due = self.currency_id.format(self.due)
        self._decide(due=0.0)
        self._note(
            "billing_written_off", self.env._("%s was written off.", due), reason
        )

    def _billing_promise(self, until, reason):
        """Let who promised to pay work until then.

        None: what is suspended is overdue again; staff look after the promise.

        :param datetime until: when it is paid at the latest, in UTC
        :param str reason: why
        :raise UserError: where it has ended
        """
        self._check_living()
        if self.billing_status == "suspended":
            self._decide(status="overdue")
        self._note_promise(until, reason)

    def _note_promise(self, until, reason):
        self._note(
            "billing_promised",
            self.env._("Payment is promised by %s.", format_datetime(self.env, until)),
            reason,
        )

    # === WITHOUT A BILLING SYSTEM === #

    def _decide(self, **changes):
        """Say what is true from now on, as staff see it.

        :param changes: fields of :class:`BillingState`; the others stay
        """
        self._apply_billing_state(replace(self._get_billing_state(), **changes))

    def _get_billing_state(self):
        """Return what is true now.

        :rtype: BillingState
        """
        return BillingState(
            status=self.billing_status,
            plan=self.plan_id.code,
            paid_until=self.paid_until or None,
            trial_end=self.trial_end or None,
            cancel_at=self.cancel_at or None,
            ended_at=self.ended_at or None,
            due=self.due,
        )

    def _get_extended_end(self, days):
        """Return when it ends if days are given from now on; not before they pass."""
        end, now = self[self._get_end_field()], self._saas_now()
        return max(end or now, now) + relativedelta(days=days)

    def _get_end_field(self):
        return "trial_end" if self.billing_status == "trial" else "paid_until"

    def _check_living(self):
        self.ensure_one()
        if self.ended_at:
            raise UserError(self.env._("%s has ended.", self.name))

    def _note(self, kind, message, reason):
        self.env["saas.event"]._log(
            kind, message, instance=self.instance_id, reason=reason
        )
