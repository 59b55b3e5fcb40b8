from dataclasses import asdict, dataclass
from datetime import datetime

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from .saas_plan import PERIODS

BILLING_STATES = [
    ("trial", "Trial"),
    ("payment_required", "Payment required"),
    ("paid", "Paid"),
    ("overdue", "Overdue"),
    ("suspended", "Suspended"),
]


@dataclass(frozen=True, kw_only=True)
class BillingState:
    """What is true of a subscription now, whatever came before.

    Amounts are in the subscription's currency, times in UTC.
    """

    status: str
    plan: str
    paid_until: datetime | None = None
    trial_end: datetime | None = None
    cancel_at: datetime | None = None
    ended_at: datetime | None = None
    due: float = 0.0


class SaasSubscription(models.Model):
    _name = "saas.subscription"
    _description = "Subscription"
    _inherit = ["saas.guarded.mixin", "saas.noted.mixin", "mail.thread"]
    _mail_post_access = "read"
    _order = "id desc"
    _saas_guarded = frozenset(
        {
            "partner_id",
            "instance_id",
            "plan_id",
            "billing_status",
            "is_trial",
            "is_confirmed",
            "trial_partner_id",
            "trial_end",
            "paid_until",
            "cancel_at",
            "ended_at",
            "due",
        }
    )
    _saas_web_creates = frozenset({"is_trial", "trial_partner_id"})
    _saas_web_writes = _saas_guarded - _saas_web_creates

    name = fields.Char(compute="_compute_name", store=True)
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, readonly=True, index=True
    )
    instance_id = fields.Many2one(
        "saas.instance", readonly=True, index=True, ondelete="restrict"
    )
    plan_id = fields.Many2one(
        "saas.plan", required=True, readonly=True, ondelete="restrict", index=True
    )
    period = fields.Selection(PERIODS, required=True, default="monthly")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    billing_provider = fields.Selection(
        [("none", "None: staff decide")], required=True, default="none"
    )
    billing_status = fields.Selection(
        BILLING_STATES,
        required=True,
        readonly=True,
        default="trial",
        index=True,
        help="What is true of the payments; the instance is suspended and resumed by "
        "it.",
    )
    is_trial = fields.Boolean(string="Began as Trial", readonly=True)
    is_confirmed = fields.Boolean(
        string="Confirmed",
        readonly=True,
        copy=False,
        help="Somebody vouches for who tries it. Until then a trial sends no mail.",
    )
    trial_partner_id = fields.Many2one(
        "res.partner",
        string="Trial of",
        compute="_compute_trial_partner_id",
        store=True,
        precompute=True,
        help="Who began it as a trial, whoever it was handed over to since.",
    )
    trial_end = fields.Datetime(readonly=True)
    paid_until = fields.Datetime(
        readonly=True, help="Up to then it is paid for; a cancellation ends it then."
    )
    cancel_at = fields.Datetime(
        string="Ends on",
        readonly=True,
        help="It was cancelled and ends then; until then that can be undone.",
    )
    ended_at = fields.Datetime(string="Ended", readonly=True)
    due = fields.Monetary(
        string="Owed",
        readonly=True,
        help="What this subscription alone owes now, of all its unpaid bills.",
    )

    _one_trial = models.UniqueIndex(
        "(trial_partner_id) WHERE is_trial", "This customer had a trial already."
    )

    # Not on the customer: a trial that is handed over stays the giver's.
    @api.depends("is_trial")
    def _compute_trial_partner_id(self):
        for subscription in self:
            subscription.trial_partner_id = (
                subscription.is_trial and subscription.partner_id
            )

    @api.depends("partner_id.name", "plan_id.name")
    def _compute_name(self):
        for subscription in self:
            subscription.name = (
                f"{subscription.partner_id.name}: {subscription.plan_id.name}"
            )

    @api.model
    def _get_noted(self):
        """Return what nothing else tells: not the status, nor the plan."""
        return {"trial_end", "paid_until", "cancel_at", "ended_at", "due"}

    @api.model
    def _open(self, partner, plan, period, *, trial):
        """Open a subscription, on trial or waiting for payment.

        :param partner: the commercial partner who owes
        :param bool trial: begin with the plan's trial days, if it has any
        :raise UserError: where the customer had a trial already
        """
        trial = trial and plan.trial_days > 0
        if trial and self._had_trial(partner):
            raise UserError(
                self.env._(
                    "%s had a trial already: start this one without.", partner.name
                )
            )
        days = relativedelta(days=plan.trial_days)
        return self._create_guarded(
            [
                {
                    "partner_id": partner.id,
                    "plan_id": plan.id,
                    "period": period,
                    "is_trial": trial,
                    "billing_status": "trial" if trial else "payment_required",
                    "trial_end": self._saas_now() + days if trial else False,
                }
            ]
        )

    @api.model
    def _had_trial(self, partner):
        """Tell whether a customer began one, whoever it was handed over to since."""
        of_partner = [("trial_partner_id", "=", partner.id)]
        return bool(self.sudo().search_count(of_partner, limit=1))

    def _confirm(self):
        """Vouch for the customer: what is on trial may send mail from now on."""
        for subscription in self.filtered(lambda one: not one.is_confirmed):
            subscription._write_guarded({"is_confirmed": True})
            instance = subscription.instance_id
            text = self.env._("The trial was confirmed: it may send mail.")
            self.env["saas.event"]._log("trial_confirmed", text, instance=instance)
            instance._apply_mail(text)

    # === BILLING CONTRACT: INWARD === #

    def _apply_billing_state(self, state):
        """Make the subscription and its instance agree with what is true now.

        Level-triggered: any order, any number of times.

        :param BillingState state: the present state
        """
        self.ensure_one()
        values = asdict(state)
        values["billing_status"] = values.pop("status")
        values["plan_id"] = self._find_plan(values.pop("plan")).id
        self._write_guarded(values)
        if self.instance_id.subscription_id == self:
            self.instance_id._follow_subscription()

    def _find_plan(self, code):
        """Return the plan of a code; the present one where there is none, and ring."""
        plans = self.env["saas.plan"].sudo().with_context(active_test=False)
        plan = plans.search([("code", "=", code)], limit=1)
        if not plan:
            self.env["saas.alarm"]._ring(
                "unknown_plan",
                self.env._("Billing names an unknown plan"),
                self.env._(
                    "%(name)s is billed for the plan %(code)s, which does not exist: "
                    "it keeps its own.",
                    name=self.name,
                    code=code,
                ),
                instance=self.instance_id,
            )
        return plan or self.plan_id
