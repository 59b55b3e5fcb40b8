from odoo import fields, models

from ..killbill import prices
from ..killbill.subscriptions import AT_TERM


class SaasPlanPrice(models.Model):
    """From when on all pay it, those too that began with another one."""

    _inherit = "saas.plan.price"

    prices_from = fields.Datetime(
        string="Existing Pay It from",
        readonly=True,
        copy=False,
        help="From their first term after that on. None: they go on with the price "
        "that they began with. Chosen when it is published.",
    )

    def write(self, vals):
        # Nobody pays what was not published yet.
        if "amount" in vals:
            vals = {"prices_from": False, **vals}
        return super().write(vals)


class SaasKillbillAccount(models.Model):
    """Which of its subscriptions are to pay a new price."""

    _inherit = "saas.killbill.account"

    def _order_prices(self, ledger):
        """Order new prices for who pays older ones.

        :param Ledger ledger: what Kill Bill has
        """
        for known, subscription in self._match(ledger):
            subscription._order_price(known, ledger.invoices)


class SaasSubscription(models.Model):
    """The price that it pays from the next term on."""

    _inherit = "saas.subscription"

    def _order_price(self, known, invoices):
        """Order the present price, where it is to be paid by who has an older one.

        :param Subscription known: the subscription there
        :param invoices: all of its account
        """
        price = self._get_price()
        if not price.prices_from or self.ended_at:
            return
        amount = self.killbill_account_id._to_decimal(price.amount)
        since = price.prices_from.date()
        if not prices.is_outdated(known, invoices, amount, since):
            return
        last = self._get_last_order("take_price")
        if last.state == "refused" and last._get_amount() == amount:
            return
        words = self.currency_id.format(price.amount)
        text = self.env._("It costs %s from the next term on.", words)
        self._note("price_ordered", text, None)
        self._tell_killbill("take_price", plan=known.plan, amount=price.amount)

    def _get_price(self):
        """Return the price of its plan, period and currency now."""
        return self.plan_id.sudo().price_ids.filtered(
            lambda one: (
                one.period == self.period
                and one.currency_id == self.currency_id
                and one.company_id == self.company_id
            )
        )


class SaasKillbillOrder(models.Model):
    """A new price: Kill Bill takes that of now where a plan follows itself."""

    _inherit = "saas.killbill.order"

    def _tell_take_price(self, client):
        found = client.subscriptions.find(self.subscription_id.killbill_key)
        if found.plan == self.plan and not found.cancelled:
            client.subscriptions.change_plan(
                found.id, self.plan, policy=AT_TERM, billed_now=False
            )
