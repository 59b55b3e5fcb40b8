# What Kill Bill was told is committed before the next thing is asked.
# pylint: disable=invalid-commit
import logging
from contextlib import contextmanager
from uuid import uuid4

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.saas_infra.drivers.errors import InfraError, RetryableInfraError
from odoo.addons.saas_master.tools.queue import PRIORITIES

_logger = logging.getLogger(__name__)

# How many are brought up to date by one run of the scheduled action
BATCH = 500
AGAIN = 60  # seconds after Kill Bill did not answer
SOON = 5  # seconds after another job was found at it
LOCK = 0x6B62  # of PostgreSQL's advisory locks, those on accounts


class SaasKillbillAccount(models.Model):
    """Who owes in Kill Bill: a customer in a currency.

    A job makes both sides agree, by what Kill Bill says now; whatever happens wakes
    it, and one that waits is not woken twice.
    """

    _name = "saas.killbill.account"
    _description = "Kill Bill Account"
    _inherit = ["saas.guarded.mixin"]
    _order = "id desc"
    _rec_name = "partner_id"
    _saas_guarded = frozenset(
        {
            "partner_id",
            "server_id",
            "currency_id",
            "key",
            "killbill_id",
            "synced_at",
            "message",
            "billed",
            "booked",
            "owed",
            "open_amount",
            "difference",
        }
    )
    _saas_web_creates = frozenset({"partner_id", "server_id", "currency_id", "key"})

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, readonly=True, index=True
    )
    server_id = fields.Many2one(
        "saas.killbill.server", required=True, readonly=True, ondelete="restrict"
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        readonly=True,
        help="Given by the first subscription: Kill Bill never changes it.",
    )
    key = fields.Char(required=True, readonly=True, copy=False)
    killbill_id = fields.Char(string="Id in Kill Bill", readonly=True, copy=False)
    synced_at = fields.Datetime(string="Agreed", readonly=True)
    message = fields.Char(readonly=True, help="Why both sides do not agree.")
    subscription_ids = fields.One2many("saas.subscription", "killbill_account_id")
    order_ids = fields.One2many("saas.killbill.order", "account_id")

    _owner_uniq = models.Constraint(
        "UNIQUE (server_id, partner_id, currency_id)",
        "This customer has an account in this currency already.",
    )
    _key_uniq = models.Constraint("UNIQUE (key)", "Two accounts have the same key.")

    @api.model
    def _find_or_create(self, server, partner, currency):
        """Return the account of a customer."""
        owner = {
            "server_id": server.id,
            "partner_id": partner.id,
            "currency_id": currency.id,
        }
        domain = [(name, "=", value) for name, value in owner.items()]
        return self.sudo().search(domain, limit=1) or self._create_guarded(
            [owner | {"key": f"odoo-account-{uuid4()}"}]
        )

    # === WHEN === #

    def _wake(self, eta=None, *, changed=False):
        """Have a job make both sides agree, soon and once.

        No row is written for that: whoever asks would stand in the way of the job.

        :param int eta: seconds from now, or none for at once
        :param bool changed: whether the job is to see what this transaction changed
        """
        # What happens now does not wait for what is to be tried again later.
        suffix = "-later" if eta else ""
        if changed:
            # A job that waits already could begin before this is committed.
            [[transaction]] = self.env.execute_query(
                SQL("SELECT pg_current_xact_id()::text")
            )
            suffix = f"-{transaction}"
        for account in self:
            account.sudo()._for_job().with_delay(
                channel="root.operations",
                priority=PRIORITIES["operations"],
                description=f"Kill Bill: {account.partner_id.name}",
                identity_key=f"{self._name}-{account.id}{suffix}",
                eta=eta,
                max_retries=1,
            )._job_converge()

    @api.model
    def _cron_converge(self):
        """Scheduled action: look at whoever has an open matter, without any webhook."""
        domain = [("subscription_ids.ended_at", "=", False)]
        self.search(domain, order="synced_at nulls first, id", limit=BATCH)._wake()

    # === HOW === #

    def _job_converge(self):
        """Make an account of Kill Bill's and Odoo agree"""
        self.ensure_one()
        # Told by two, an order and the one that takes it back could change places.
        with self._alone() as alone:
            if alone:
                self._converge()
                self.env.cr.commit()
            else:
                self._wake(eta=SOON)

    def _converge(self):
        try:
            agreed, trouble = self._talk()
        except InfraError as error:
            self.env.cr.rollback()
            _logger.info("%s is not up to date: %s", self.key, error)
            self._write_guarded({"message": str(error)})
            # What asking again does not change waits for the scheduled action.
            if isinstance(error, RetryableInfraError):
                self._wake(eta=AGAIN)
            return
        if not agreed:
            self._wake(eta=SOON)
            return
        synced_at = self.synced_at if trouble else fields.Datetime.now()
        self._write_guarded({"message": trouble, "synced_at": synced_at})
        if self._has_orders():
            self._wake()

    def _talk(self):
        """Tell what waits, and follow what Kill Bill says.

        :return: whether it was followed: not while an instance is being changed; and
            why it is not in the books, empty where it is
        :raise InfraError: where Kill Bill does not answer, or is not to be asked
        """
        with self.server_id._talking() as client:
            self.server_id._follow_clock(client)
            self._ensure(client)
            self.order_ids._carry_out(client)
            ledger = client.accounts.ledger(self.killbill_id)
        # From here on nobody waits for Kill Bill with a row locked.
        agreed = self._follow(ledger)
        self.env.cr.commit()
        self.invalidate_recordset()
        trouble = self._keep_books(ledger)
        if not self._has_orders():
            self._order_payments(ledger)
        if agreed and not self._has_orders():
            self._stop_unpaid(ledger)
            self._order_prices(ledger)
            self._remind(ledger)
        self._note_balance(ledger)
        self._wake_to_charge()
        self.env.cr.commit()
        # Last: a report that cannot be kept is in no customer's way.
        self._keep_revenue(ledger)
        return agreed, trouble

    @contextmanager
    def _alone(self):
        """Have no other job work on this account; the lock outlives commits."""
        lock = SQL("%s, %s", LOCK, self.id)
        self.env.cr.execute(SQL("SELECT pg_try_advisory_lock(%s)", lock))
        [alone] = self.env.cr.fetchone()
        try:
            yield alone
        except Exception:
            self.env.cr.rollback()  # Or the lock could not be given back.
            raise
        finally:
            if alone:
                self.env.cr.execute(SQL("SELECT pg_advisory_unlock(%s)", lock))

    def _has_orders(self):
        """Tell whether there is something to tell that came meanwhile."""
        return "waiting" in self.order_ids.mapped("state")

    def _ensure(self, client):
        """Have the account be there; its key makes that repeatable."""
        if not self.killbill_id:
            partner = self.partner_id
            made = client.accounts.ensure(
                self.key,
                partner.name[:100],
                self.currency_id.name,
                email=partner.email_normalized or None,
                company=partner.name[:50],
            )
            self._write_guarded({"killbill_id": made.id})
            self.env.cr.commit()

    def _follow(self, ledger):
        """Let subscriptions be what Kill Bill says that they are.

        :param Ledger ledger: what it says
        :return: whether that was possible now
        """
        read = {
            subscription: subscription._read_killbill(known, ledger.invoices)
            for known, subscription in self._match(ledger)
        }
        # Whoever is as Kill Bill says is not in anybody's way.
        changed = [one for one in read if not one._is_as_read(*read[one])]
        if changed and not self._lock_instances():
            return False
        for subscription in changed:
            subscription._follow_killbill(*read[subscription])
        return True

    def _match(self, ledger):
        """Yield each subscription of Kill Bill's with ours."""
        by_key = {one.killbill_key: one for one in self.subscription_ids}
        for known in ledger.subscriptions:
            if known.key in by_key:
                yield known, by_key[known.key]

    def _lock_instances(self):
        """Have nobody else change the instances, seen as they are now.

        :return: whether none of them is being changed
        """
        instances = self.subscription_ids.instance_id.sudo()
        instances = instances.browse(instances.ids)
        self.env.cr.commit()  # What was read before is no longer looked at.
        return instances.try_lock_for_update(allow_referencing=True) == instances
