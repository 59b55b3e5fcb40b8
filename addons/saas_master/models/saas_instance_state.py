import logging

from odoo import fields, models

_logger = logging.getLogger(__name__)

# What billing asks of an instance; the other states leave it as it is.
SUSPENDING = frozenset({"suspended"})
SERVING = frozenset({"trial", "payment_required", "paid", "overdue"})
# What billing usually says next; of a new subscription anything is usual.
USUALLY_NEXT = {
    "trial": frozenset({"payment_required", "paid"}),
    "payment_required": frozenset({"paid", "overdue", "suspended"}),
    "paid": frozenset({"overdue", "suspended"}),
    "overdue": frozenset({"paid", "suspended"}),
    "suspended": frozenset({"paid", "overdue"}),
}
# The provisioning status of what can end still.
UNTIL_TERMINATED = frozenset({"pending", "provisioning", "ready"})


class SaasInstance(models.Model):
    """The funnels through which an instance's states change."""

    _inherit = "saas.instance"

    def _update_status(self, allowed_from, target, message=None):
        """Move to a status where the present one allows it.

        The same status is a silent skip; any other refusal is logged.

        :param allowed_from: statuses that may come before
        :param str target: the new status
        :param str message: what people read beside it
        :return: the instances that moved
        """
        return self._move("status", allowed_from, target, message)

    def _update_provisioning_status(self, allowed_from, target, message=None):
        """Move along pending, provisioning, ready, terminated.

        As :meth:`_update_status`; that it was ready once is never forgotten.
        """
        moved = self._move("provisioning_status", allowed_from, target, message)
        if target == "ready":
            first = moved.filtered(lambda instance: not instance.ready_at)
            first._write_guarded({"ready_at": fields.Datetime.now()})
        if target == "terminated":
            moved._write_guarded({"terminated_at": self._saas_now()})
        return moved

    def _move(self, state, allowed_from, target, message):
        """Move one of the states; see :meth:`_update_status`.

        :param str state: the field
        """
        same = self.filtered(lambda instance: instance[state] == target)
        movable = (self - same).filtered(
            lambda instance: instance[state] in allowed_from
        )
        refused = self - same - movable
        if refused:
            _logger.warning(
                "%s %s is refused for instances %s: they are %s.",
                self._fields[state].string,
                target,
                refused.mapped("subdomain"),
                refused.mapped(state),
            )
        if movable:
            movable._write_guarded(
                {
                    state: target,
                    "message": message,
                    "last_state_change": fields.Datetime.now(),
                }
            )
        changed = same.filtered(lambda instance: (instance.message or None) != message)
        if changed:
            changed._write_guarded({"message": message})
        return movable

    def _update_billing_status(self, target, *, anew=False):
        """Mirror the subscription's billing status: observed, so always accepted.

        A jump that billing does not usually make is an event of its own kind.

        :param str target: the new status
        :param bool anew: it is a new subscription's
        """
        labels = dict(self._fields["billing_status"]._description_selection(self.env))
        for instance in self.filtered(lambda one: one.billing_status != target):
            before = instance.billing_status
            words = {"before": labels[before], "after": labels[target]}
            if anew or target in USUALLY_NEXT[before]:
                kind = "billing_status"
                text = self.env._("Billing went from %(before)s to %(after)s.", **words)
            else:
                kind = "billing_jump"
                text = self.env._(
                    "Billing jumped from %(before)s to %(after)s, which is unusual.",
                    **words,
                )
            self.env["saas.event"]._log(kind, text, instance=instance)
            instance._write_guarded({"billing_status": target})

    def _follow_subscription(self):
        """Let the instance follow what its subscription says now."""
        for instance in self:
            could_send = instance.may_send_mail
            instance._update_billing_status(instance.subscription_id.billing_status)
            if instance._is_end_taken_back():
                instance._write_guarded({"desired_status": "running"})
            wish = instance._get_wish()
            if wish:
                instance._write_guarded({"paused_by_billing": wish == "suspend"})
                instance._want(wish)
            reason = self.env._("Billing says so.")
            instance._open_what_is_wanted(reason)
            may_send = instance.may_send_mail and not could_send
            # What resumes it tells the relay as well.
            if may_send and not instance._get_active_operation():
                instance._apply_mail(reason)

    def _is_end_taken_back(self):
        """Tell whether an end that had to wait is no longer billing's will."""
        return (
            self.desired_status == "terminated"
            and self.status != "terminated"
            and not self.subscription_id.ended_at
            and self.last_operation_id.kind not in ("terminate", "discard")
        )

    def _get_wish(self):
        """Say what billing asks for now: terminate, suspend, resume or nothing.

        What staff suspended is not resumed just because it is paid for.
        """
        desired, status = self.desired_status, self.billing_status
        if self.subscription_id.ended_at:
            return "terminate" if desired != "terminated" else None
        if status in SUSPENDING and desired in ("running", "stopped"):
            return "suspend"
        if status in SERVING and desired == "paused" and self.paused_by_billing:
            return "resume"
        return None
