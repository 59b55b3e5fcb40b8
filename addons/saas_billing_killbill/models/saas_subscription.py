from datetime import datetime, time
from decimal import Decimal
from uuid import uuid4

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.saas_infra.drivers.errors import InfraError
from odoo.addons.saas_master.models.saas_subscription import BillingState
from odoo.addons.saas_master.models.saas_subscription import SaasSubscription as Base
from odoo.addons.saas_master.models.saas_subscription_billing import ChangePreview

from ..killbill.catalog import plan_name, product_of
from ..killbill.standing import find_standing


class SaasSubscription(models.Model):
    """The provider ``killbill``: decisions are ordered, what is true is followed."""

    _inherit = "saas.subscription"
    _saas_web_writes = Base._saas_web_writes | {
        "killbill_key",
        "killbill_account_id",
        "promised_until",
    }
    _saas_guarded = (
        Base._saas_guarded | _saas_web_writes | {"pending_plan_id", "reminders_sent"}
    )

    billing_provider = fields.Selection(
        selection_add=[("killbill", "Kill Bill")],
        ondelete={"killbill": "set default"},
    )
    killbill_key = fields.Char(string="Key in Kill Bill", readonly=True, copy=False)
    killbill_account_id = fields.Many2one(
        "saas.killbill.account",
        string="Account in Kill Bill",
        readonly=True,
        index=True,
        copy=False,
    )
    killbill_order_ids = fields.One2many("saas.killbill.order", "subscription_id")
    pending_plan_id = fields.Many2one(
        "saas.plan", readonly=True, help="What it has from the next term on."
    )

    _killbill_key_uniq = models.UniqueIndex(
        "(killbill_key) WHERE killbill_key IS NOT NULL",
        "Two subscriptions have the same key.",
    )

    @api.model
    def _open(self, partner, plan, period, *, trial):
        """Have the Kill Bill of its company bill it, where that is to."""
        subscription = super()._open(partner, plan, period, trial=trial)
        server = (
            self.env["saas.killbill.server"]
            .sudo()
            ._find_billing(subscription.company_id)
        )
        if server:
            subscription._be_billed_by(server)
        return subscription

    def _be_billed_by(self, server):
        accounts = self.env["saas.killbill.account"]
        account = accounts._find_or_create(server, self.partner_id, self.currency_id)
        self._write_guarded(
            {
                "billing_provider": "killbill",
                "killbill_account_id": account.id,
                "killbill_key": f"odoo-subscription-{uuid4()}",
            }
        )

    # === OUTWARD === #

    def _billing_start(self):
        if self._is_killbill():
            return self._start_killbill()
        return super()._billing_start()

    def _billing_reactivate(self):
        if self._is_killbill():
            return self._start_killbill()
        return super()._billing_reactivate()

    def _start_killbill(self):
        plan = self._get_killbill_plan(self.plan_id)
        return self._tell_killbill("start", plan=plan)

    def _billing_pays_first(self):
        if self._is_killbill():
            return self.billing_status == "payment_required"
        return super()._billing_pays_first()

    def _billing_cancel(self):
        if not self._is_killbill():
            return super()._billing_cancel()
        self._check_living()
        return self._tell_killbill("cancel")

    def _billing_undo_cancel(self):
        if not self._is_killbill():
            return super()._billing_undo_cancel()
        self._check_living()
        if not self.cancel_at:
            raise UserError(self.env._("%s was not cancelled.", self.name))
        return self._tell_killbill("undo_cancel")

    def _billing_stop(self):
        if not self._is_killbill():
            return super()._billing_stop()
        return self._tell_killbill("stop")

    def _billing_change_plan(self, plan, reason=None):
        if not self._is_killbill():
            return super()._billing_change_plan(plan, reason)
        self._check_living()
        self._check_paid_before(plan)
        self._check_plan_fits(plan)
        self._note(
            "plan_ordered",
            self.env._("The plan %s was ordered.", plan.name),
            reason,
        )
        return self._tell_killbill("change_plan", plan=self._get_killbill_plan(plan))

    def _billing_has_pending_change(self):
        if self._is_killbill():
            return bool(self.pending_plan_id)
        return super()._billing_has_pending_change()

    def action_keep_plan(self):
        """Take a smaller plan back that was to come with the next term."""
        self.env["saas.api"]._check_group("manager")
        if self._billing_has_pending_change():
            self.instance_id._change_plan(self.instance_id.plan_id)

    def _check_paid_before(self, plan):
        """Sell nothing larger to who has not paid for what there is.

        :raise UserError: where something is owed
        """
        if self._is_larger(plan) and not self.currency_id.is_zero(self.due):
            raise UserError(
                self.env._(
                    "%(name)s owes %(due)s: a larger plan is sold once that is paid.",
                    name=self.name,
                    due=self.currency_id.format(self.due),
                )
            )

    def _is_larger(self, plan):
        """Tell whether a plan comes after the present one, as ranked in the catalog."""
        present = self.plan_id
        return (plan.sequence, plan.id) > (present.sequence, present.id)

    def _check_plan_fits(self, plan):
        """Order nothing that is billed and could not be had.

        :raise UserError: where there is no room, or more is in use than the plan has
        """
        try:
            self.instance_id._check_takes(plan)
        except InfraError as error:
            raise UserError(str(error)) from error

    def _billing_preview_change(self, plan):
        """Say from when on, and what Kill Bill would bill for it now."""
        if not self._is_killbill():
            return super()._billing_preview_change(plan)
        self._check_living()
        self._check_paid_before(plan)
        self._check_plan_fits(plan)
        if self.paid_until and not self._is_larger(plan):
            return ChangePreview(effective_at=self.paid_until)
        due = self._ask_what_is_billed(plan)
        return ChangePreview(effective_at=self._saas_now(), due_now=float(due))

    def _ask_what_is_billed(self, plan):
        """Ask Kill Bill what it would bill for another plan now, net.

        :rtype: Decimal
        """
        with self.killbill_account_id.server_id._talking() as client:
            found = client.subscriptions.find(self.killbill_key)
            period = self.period.upper()
            bill = client.subscriptions.preview_change(found, plan.code, period)
        return bill.amount if bill else Decimal(0)

    def _billing_write_off(self, reason):
        if not self._is_killbill():
            return super()._billing_write_off(reason)
        due = self.currency_id.format(self.due)
        self._note(
            "write_off_ordered", self.env._("%s is to be written off.", due), reason
        )
        return self._tell_killbill("write_off", reason=reason)

    def _is_killbill(self):
        self.ensure_one()
        return self.billing_provider == "killbill"

    def _tell_killbill(self, kind, **values):
        self.env["saas.killbill.order"]._give(self, kind, **values)

    def _get_last_order(self, kind):
        """Return what was ordered last of a kind."""
        orders = self.killbill_order_ids.filtered(lambda one: one.kind == kind)
        return orders.sorted("id")[-1:]

    def _get_killbill_plan(self, plan):
        """Return what Kill Bill calls a plan in the subscription's period."""
        return plan_name(plan.code, self.period)

    # === INWARD === #

    def _read_killbill(self, known, invoices):
        """Return what Kill Bill says, as state and plan to come.

        :param Subscription known: the subscription there
        :param invoices: all of its account
        :rtype: tuple
        """
        server = self.killbill_account_id.server_id
        standing = find_standing(
            known,
            invoices,
            server._get_days("suspend"),
            server._get_days("remind"),
            self._saas_now().date(),
        )
        pending = self.env["saas.plan"]
        if standing.pending_plan:
            pending = self._find_plan(product_of(standing.pending_plan))
        state = BillingState(
            status=self._soften(standing.status),
            plan=product_of(standing.plan),
            paid_until=_moment(standing.paid_until),
            trial_end=_moment(standing.trial_end),
            cancel_at=_moment(standing.cancel_at),
            ended_at=_moment(standing.ended_at),
            due=float(standing.due),
        )
        return state, pending

    def _is_as_read(self, state, pending):
        """Tell whether there is nothing to follow."""
        return self._get_billing_state() == state and self.pending_plan_id == pending

    def _follow_killbill(self, state, pending):
        """Be what Kill Bill says."""
        if self.pending_plan_id != pending:
            self._write_guarded({"pending_plan_id": pending.id})
        self._apply_billing_state(state)


def _moment(day):
    return datetime.combine(day, time()) if day else None
