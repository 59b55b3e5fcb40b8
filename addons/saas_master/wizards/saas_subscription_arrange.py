from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

# How many days at once each group gives, or waits for a payment.
DAYS_AT_MOST = {"operator": 366, "manager": 31}


class SaasSubscriptionArrange(models.TransientModel):
    """What staff arrange with a customer about days and money, and why."""

    _name = "saas.subscription.arrange"
    _description = "Arrange with the customer"

    kind = fields.Selection(
        [
            ("extend", "Give Days"),
            ("write_off", "Write Off"),
            ("promise", "Note a Promise"),
        ],
        required=True,
        readonly=True,
    )
    subscription_id = fields.Many2one("saas.subscription", required=True, readonly=True)
    days = fields.Integer(default=7)
    until = fields.Datetime(
        string="Paid by",
        default=lambda self: self._get_now() + relativedelta(days=7),
        help="When it is paid at the latest.",
    )
    reason = fields.Char(help="Kept in the event log.")
    warning = fields.Char(string="What It Does", compute="_compute_warning")

    @api.depends("kind", "subscription_id", "days")
    def _compute_warning(self):
        for dialog in self:
            describe = getattr(dialog, f"_describe_{dialog.kind}", None)
            dialog.warning = dialog.subscription_id and describe and describe()

    def action_confirm(self):
        """Ask billing for what was arranged."""
        self.ensure_one()
        self.env["saas.api"]._check_group("manager")
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say why: it is kept in the event log."))
        getattr(self, f"_ask_to_{self.kind}")()
        return {"type": "ir.actions.act_window_close"}

    # === WHAT IT DOES === #

    def _describe_extend(self):
        if self.days < 1:
            return None
        return self.subscription_id._billing_describe_extension(self.days)

    def _describe_write_off(self):
        subscription = self.subscription_id
        return self.env._(
            "%(due)s of %(name)s is given up: nobody is asked for it any more. "
            "This cannot be undone.",
            due=subscription.currency_id.format(subscription.due),
            name=subscription.name,
        )

    def _describe_promise(self):
        if self.subscription_id.billing_status == "suspended":
            return self.env._(
                "Its instance is resumed, and people can work in it before "
                "anything is paid."
            )
        return self.env._("The promise is written down; nothing changes before.")

    def _ask_to_extend(self):
        if self.days < 1:
            raise UserError(self.env._("Give one day at least."))
        self._check_days(self.days)
        self.subscription_id._billing_extend(self.days, self.reason)

    def _ask_to_write_off(self):
        subscription = self.subscription_id
        if subscription.currency_id.is_zero(subscription.due):
            raise UserError(self.env._("Nothing is owed of %s.", subscription.name))
        subscription._billing_write_off(self.reason)

    def _ask_to_promise(self):
        if not self.until or self.until <= self._get_now():
            raise UserError(self.env._("A promise is for a time that is to come."))
        self._check_days((self.until - self._get_now()).days)
        self.subscription_id._billing_promise(self.until, self.reason)

    def _check_days(self, days):
        """See that one's group may arrange for so many days.

        :raise UserError: with who may
        """
        has_group = self.env.user.has_group
        mine = [
            most
            for group, most in DAYS_AT_MOST.items()
            if has_group(f"saas_infra.group_{group}")
        ]
        most = max(mine, default=0)
        if days > most:
            raise UserError(
                self.env._(
                    "You may arrange for %(most)s days at once, operators for "
                    "%(more)s: ask one of them.",
                    most=most,
                    more=DAYS_AT_MOST["operator"],
                )
            )

    def _get_now(self):
        return self.env["saas.subscription"]._saas_now()
