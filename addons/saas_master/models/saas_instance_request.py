import time
from datetime import timedelta

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL, email_normalize
from odoo.tools.misc import format_datetime

from odoo.addons.saas_infra.tools.settings import get_settings

from ..operations.playbooks import PLAYBOOKS
from .saas_operation import ACTIVE

BULK_LIMIT = 20
PATIENCE = 2.0  # seconds that a request waits for who changes the instance
# What support may ask for, and what only operators may; the rest is managers'.
SUPPORT_KINDS = frozenset({"restart", "logs"})


class SaasInstance(models.Model):
    """What people ask for: each request is checked, written down and queued."""

    _inherit = "saas.instance"

    def _request(self, kind, *, reason=None, **params):
        """Open an operation on each instance, or say why not.

        :param str kind: a playbook
        :param str reason: in the words of who asks
        :param params: kept in the operation; never a secret
        :raise UserError: where it is not possible now
        :return: the operations
        """
        operations = self.env["saas.operation"]
        for instance in self:
            operations |= instance._request_one(kind, reason, params)
        return operations

    def _request_one(self, kind, reason, params):
        playbook = PLAYBOOKS[kind]
        operation_model = self.env["saas.operation"]
        operation_model._check_not_frozen()
        self._lock_for_request()
        if refusal := self._get_refusal(playbook):
            raise UserError(refusal)
        self._check_pace()
        operation = operation_model._open(
            kind, instance=self, reason=reason, params=params
        )
        # One beside another is not what people retry.
        values = {"last_operation_id": operation.id} if playbook.exclusive else {}
        if playbook.desired:
            values["desired_status"] = playbook.desired
        self._write_guarded(values)
        return operation

    def _lock_for_request(self):
        """Have nobody else change the instance; a job that does is done in a moment.

        :raise UserError: where it takes longer than `PATIENCE`
        """
        end = time.monotonic() + PATIENCE
        lock = SQL(
            "SELECT id FROM saas_instance WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED",
            self.id,
        )
        while True:
            # Where somebody changed it meanwhile, the request is run again: that is no
            # error for the log, in which `try_lock_for_update` writes it.
            self.env.cr.execute(lock, log_exceptions=False)
            if self.env.cr.rowcount:
                return
            if time.monotonic() > end:
                raise UserError(
                    self.env._(
                        "%s is being changed at this moment: try again.",
                        self.subdomain,
                    )
                )
            time.sleep(0.05)

    def _get_refusal(self, playbook):
        """Say why an operation is not possible now.

        :return: a sentence, or None where it is
        """
        active = self._get_active_operation() if playbook.exclusive else None
        if active:
            return self.env._(
                "%(name)s: %(label)s is refused while %(active)s is under way "
                "(since %(since)s).",
                name=self.subdomain,
                label=self.env._(playbook.label),
                active=active.label,
                since=format_datetime(self.env, active.create_date),
            )
        return self._get_refusal_of_state(playbook, playbook.allowed_from)

    def _get_refusal_of_state(self, playbook, allowed_from):
        """Say why an operation is not possible in the present states, if it is not.

        :param allowed_from: the statuses in which it is
        """
        if not self.active:
            return self.env._("Nothing is left of %s.", self.subdomain)
        if self.status not in allowed_from:
            return self.env._(
                "%(name)s is %(status)s: %(label)s is not possible now.",
                name=self.subdomain,
                status=self._get_status_label(),
                label=self.env._(playbook.label),
            )
        if playbook.needs_ready and not self.ready_at:
            return self.env._(
                "%(name)s was never ready: %(label)s is not possible. Retry its "
                "creation, discard or terminate it.",
                name=self.subdomain,
                label=self.env._(playbook.label),
            )
        return None

    def _get_active_operation(self):
        """Return the exclusive operation that is under way, or an empty set."""
        self.ensure_one()
        return (
            self.env["saas.operation"]
            .sudo()
            .search(
                [
                    ("instance_id", "=", self.id),
                    ("exclusive", "=", True),
                    ("state", "in", ACTIVE),
                ],
                limit=1,
            )
        )

    def _retry(self, reason=None):
        """Go on from the step that failed.

        :param str reason: in the words of who asks
        :raise UserError: where the last operation did not fail
        """
        self.ensure_one()
        operation = self.last_operation_id
        if not operation or operation.state != "failed":
            raise UserError(
                self.env._("Nothing of %s failed: there is no retry.", self.subdomain)
            )
        operation._retry(reason)
        return operation

    def _rename(self, subdomain, reason=None):
        """Give the instance another name; the old one leads to it for some time."""
        self._check_may_be_renamed()
        names = self.env["saas.subdomain"]
        subdomain = names._check_name(subdomain, self)
        operation = self._request("rename", reason=reason, before=self.subdomain)
        days = int(self._get_parameter("saas_master.redirect_days", 30))
        until = self._saas_now() + timedelta(days=days)
        present = self.subdomain_ids.filtered(lambda name: not name.redirect_until)
        present._write_guarded({"redirect_until": until})
        back = self.subdomain_ids.filtered(lambda name: name.name == subdomain)
        if back:
            back._write_guarded({"redirect_until": False})
        else:
            names._create_guarded([{"name": subdomain, "instance_id": self.id}])
        self._write_guarded({"subdomain": subdomain})
        return operation

    def _check_may_be_renamed(self):
        self.ensure_one()
        if not self.plan_id.may_rename:
            raise UserError(
                self.env._(
                    "%(name)s keeps its name in the plan %(plan)s: change the plan "
                    "first.",
                    name=self.subdomain,
                    plan=self.plan_id.name,
                )
            )

    def _ask_what_costs(self, plan):
        """Ask what another plan would cost.

        :return: the inquiry
        """
        self.ensure_one()
        return self.env["saas.inquiry"]._ask("preview", self, plan=plan.id)

    def _change_plan(self, plan, reason=None):
        """Move to another plan; the limits change when the operation has run."""
        self.ensure_one()
        subscription = self.subscription_id
        has_it = plan == self.plan_id == subscription.plan_id
        if has_it and not subscription._billing_has_pending_change():
            raise UserError(
                self.env._(
                    "%(name)s has the plan %(plan)s already.",
                    name=self.subdomain,
                    plan=plan.name,
                )
            )
        return subscription._billing_change_plan(plan, reason)

    def _hand_over(self, partner, email, reason=None):
        """Give the instance to another customer, with its subscription."""
        self.ensure_one()
        email = email_normalize(email)
        if not email:
            raise UserError(self.env._("This is no e-mail address."))
        operation = self._request("hand_over", reason=reason, before=self.email)
        owner = partner.commercial_partner_id
        if owner != self.partner_id:
            self.subscription_id._billing_hand_over(owner)
        self._write_guarded({"partner_id": owner.id, "email": email})
        return operation

    def _purge(self, confirm, reason):
        """Delete database and files for good.

        :param str confirm: the instance's name, typed
        :param str reason: why
        :raise UserError: where the name differs, no reason is given, or something
            still needs the data
        """
        self.ensure_one()
        if confirm != self.subdomain:
            raise UserError(self.env._("Type the name %s to purge it.", self.subdomain))
        if not (reason or "").strip():
            raise UserError(self.env._("A purge needs a reason."))
        blockers = self._purge_blockers()
        if blockers:
            raise UserError("\n".join(blockers))
        return self._request("purge", reason=reason)

    def _reactivate(self, reason=None):
        """Bring a terminated instance back on a new subscription, without trial.

        :return: the operation, or None where it waits for the payment
        """
        self.ensure_one()
        if self._is_purge_begun():
            raise UserError(
                self.env._(
                    "The purge of %s has begun: what it had may be gone. Retry it.",
                    self.subdomain,
                )
            )
        if self.pending_until:
            raise UserError(self._describe_pending())
        if refusal := self._get_refusal(PLAYBOOKS["reactivate"]):
            raise UserError(refusal)
        subscription = self.env["saas.subscription"]._open(
            self.partner_id, self.plan_id, self.subscription_id.period, trial=False
        )
        subscription._write_guarded({"instance_id": self.id})
        self._write_guarded({"subscription_id": subscription.id})
        self._update_billing_status(subscription.billing_status, anew=True)
        subscription._billing_reactivate()
        return self._begin("reactivate", reason)

    def _is_purge_begun(self):
        purges = self.operation_ids.filtered(lambda one: one.kind == "purge")
        drops = purges.step_ids.filtered(lambda step: step.name == "drop_database")
        return any(step.state != "pending" for step in drops)

    def _discard(self, reason=None):
        """Take back everything that a failed creation made, its name included.

        :raise UserError: where the instance was ready once: its data stays
        """
        self.ensure_one()
        if refusal := self._get_refusal_of_discard():
            raise UserError(refusal)
        return self._request("discard", reason=reason)

    def _get_refusal_of_discard(self):
        if not self.ready_at:
            return None
        return self.env._(
            "%s was ready once: terminate it; its data is kept.", self.subdomain
        )

    def _purge_blockers(self):
        """Say what still needs the data; other add-ons add their own reasons."""
        self.ensure_one()
        if self.status != "terminated":
            return [self.env._("%s still runs: terminate it first.", self.subdomain)]
        kept_until = self._get_kept_until()
        if self._saas_now() < kept_until:
            return [
                self.env._(
                    "The data of %(name)s is kept until %(until)s: a customer may come "
                    "back.",
                    name=self.subdomain,
                    until=format_datetime(self.env, kept_until),
                )
            ]
        return []

    def _get_kept_until(self):
        """Return when the data of a terminated instance may go at the earliest."""
        days = self._get_retention_days()
        return (self.terminated_at or self._saas_now()) + timedelta(days=days)

    @api.model
    def _get_retention_days(self):
        """Return how many days the data of what was terminated is kept at least.

        A row says so, and `web` writes rows: never less than the configuration says.
        """
        days = int(self._get_parameter("saas_master.retention_days", 30))
        return max(days, get_settings().least_retention_days)

    def _get_parameter(self, key, default):
        return self.env["ir.config_parameter"].sudo().get_param(key, default)
