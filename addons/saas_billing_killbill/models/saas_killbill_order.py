# Each order is committed with what came of it, before the next one.
# pylint: disable=invalid-commit
from uuid import uuid4

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..killbill.errors import InvalidLogin, Refused
from ..killbill.standing import find_unpaid
from ..killbill.subscriptions import NOW


class SaasKillbillOrder(models.Model):
    """What was decided here and Kill Bill is to be told, in order.

    Written down and committed with the decision; told by a job, with keys that make
    telling it twice the same as once.
    """

    _name = "saas.killbill.order"
    _description = "Order to Kill Bill"
    _inherit = ["saas.guarded.mixin"]
    _order = "id"
    _rec_name = "kind"
    _saas_guarded = frozenset(
        {
            "account_id",
            "subscription_id",
            "kind",
            "plan",
            "invoice",
            "amount",
            "key",
            "refunded_id",
            "reason",
            "state",
            "message",
        }
    )
    _saas_web_creates = frozenset(
        {
            "account_id",
            "subscription_id",
            "kind",
            "plan",
            "amount",
            "key",
            "reason",
            "state",
        }
    )

    account_id = fields.Many2one(
        "saas.killbill.account", required=True, readonly=True, index=True
    )
    subscription_id = fields.Many2one("saas.subscription", readonly=True, index=True)
    kind = fields.Selection(
        [
            ("start", "Start"),
            ("change_plan", "Change plan"),
            ("take_price", "Pay the new price from the next term on"),
            ("cancel", "Cancel at the end of the term"),
            ("undo_cancel", "Undo the cancellation"),
            ("stop", "End now"),
            ("write_off", "Write off what is owed"),
            ("give_credit", "Give credit"),
            ("pay", "Note a payment"),
            ("refund", "Note that a payment was given back"),
        ],
        required=True,
        readonly=True,
    )
    plan = fields.Char(readonly=True, help="As Kill Bill calls it.")
    invoice = fields.Char(readonly=True, index="btree_not_null", help="Its id there.")
    currency_id = fields.Many2one(related="account_id.currency_id")
    amount = fields.Monetary(readonly=True, help="Without tax.")
    key = fields.Char(
        readonly=True, copy=False, help="Makes telling it twice the same as once."
    )
    refunded_id = fields.Many2one(
        "saas.killbill.order", string="Payment Given Back", readonly=True
    )
    refund_ids = fields.One2many("saas.killbill.order", "refunded_id")
    state = fields.Selection(
        [("waiting", "Waiting"), ("done", "Done"), ("refused", "Refused")],
        required=True,
        readonly=True,
        default="waiting",
    )
    reason = fields.Char(readonly=True, help="In the words of who decided.")
    message = fields.Char(readonly=True)

    @api.model
    def _give(self, subscription, kind, **values):
        """Write an order down, and have it told.

        :param values: such as ``plan``, as Kill Bill calls it, ``amount`` and
            ``reason``, in the words of who decided
        """
        account = subscription.killbill_account_id
        self._create_guarded(
            [
                {
                    "account_id": account.id,
                    "subscription_id": subscription.id,
                    "kind": kind,
                    "key": f"odoo-{kind}-{uuid4()}",
                    **values,
                }
            ]
        )
        account._wake(changed=True)

    def _carry_out(self, client):
        """Tell Kill Bill what waits; what it refuses is told to staff.

        :param KillBill client: the way to it
        """
        for order in self.filtered(lambda one: one.state == "waiting").sorted("id"):
            try:
                getattr(order, f"_tell_{order.kind}")(client)
            except InvalidLogin:  # It is not the order that is refused.
                raise
            except Refused as refusal:
                order._refuse(refusal.message)
            else:
                order._write_guarded({"state": "done"})
            self.env.cr.commit()

    def _refuse(self, message):
        self._write_guarded({"state": "refused", "message": message})
        labels = dict(self._fields["kind"]._description_selection(self.env))
        subscription = self.subscription_id
        self.env["saas.alarm"]._ring(
            "killbill_refused",
            self.env._("Kill Bill refuses what was decided"),
            self.env._(
                "%(name)s: “%(order)s” was refused. %(message)s",
                name=subscription.name or self.account_id.partner_id.name,
                order=labels[self.kind],
                message=message,
            ),
            instance=subscription.instance_id,
        )

    # === EACH === #

    def _tell_start(self, client):
        subscription, account = self.subscription_id, self.account_id
        started = client.subscriptions.ensure(
            account.killbill_id,
            subscription.killbill_key,
            # Of the account, too: who takes an instance begins before the giver ends.
            f"odoo-instance-{subscription.instance_id.uuid}-{account.id}",
            self.plan,
            trial=subscription.is_trial,
        )
        earlier = subscription.instance_id.subscription_ids - subscription
        client.subscriptions.set_fields(
            started.id,
            target_instance_id=subscription.instance_id.uuid,
            reactivation="true" if earlier else "false",
        )

    def _tell_change_plan(self, client):
        found = client.subscriptions.find(self.subscription_id.killbill_key)
        if found.plan == self.plan:
            client.subscriptions.undo_change(found.id)
        else:
            in_trial = found.phase == "TRIAL"
            client.subscriptions.change_plan(
                found.id, self.plan, billed_now=not in_trial
            )

    def _tell_cancel(self, client):
        found = client.subscriptions.find(self.subscription_id.killbill_key)
        client.subscriptions.cancel(found.id)

    def _tell_undo_cancel(self, client):
        found = client.subscriptions.find(self.subscription_id.killbill_key)
        client.subscriptions.undo_cancel(found.id)

    def _tell_stop(self, client):
        found = client.subscriptions.find(self.subscription_id.killbill_key)
        client.subscriptions.cancel(found.id, policy=NOW)

    def _tell_write_off(self, client):
        """Give up what this subscription owes, and nothing that others owe."""
        account = self.account_id.killbill_id
        found = client.subscriptions.find(self.subscription_id.killbill_key)
        unpaid = find_unpaid(found, client.accounts.invoices(account))
        for invoice, share in unpaid:
            if share != invoice.balance:
                raise Refused(
                    self.env._(
                        "Kill Bill's invoice %s asks for another instance, too: it "
                        "is not written off.",
                        invoice.number,
                    )
                )
        for invoice, _share in unpaid:
            client.invoices.write_off(invoice.id)

    def _tell_give_credit(self, client):
        account = self.account_id
        client.accounts.give_credit(
            account.killbill_id, self.key, self._get_amount(), account.currency_id.name
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Orders stay, as a history."))
