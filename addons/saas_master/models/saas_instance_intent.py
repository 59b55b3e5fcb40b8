from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..operations.playbooks import PLAYBOOKS
from .saas_operation import ACTIVE

# What is opened where the desired status and the present one differ for good.
WANTED = {
    ("paused", "running"): "suspend",
    ("paused", "stopped"): "suspend",
    ("paused", "error"): "suspend",
    ("running", "paused"): "resume",
    ("terminated", "running"): "terminate",
    ("terminated", "paused"): "terminate",
    ("terminated", "stopped"): "terminate",
    ("terminated", "error"): "terminate",
}

# Written down when it is asked for: what was cut off is done again from the record.
RECORDED_FIRST = ("rename", "hand_over")


class SaasInstance(models.Model):
    """What is wanted, whether or not it can begin now: written down, opened later."""

    _inherit = "saas.instance"

    def _want(self, kind):
        """Write down what is wanted now; open it at once or when it can be.

        :param str kind: ``suspend``, ``resume`` or ``terminate``
        :return: the operation that began, or None
        """
        self.ensure_one()
        self._write_guarded({"desired_status": PLAYBOOKS[kind].desired})
        if self.env["saas.operation"]._is_frozen():
            return None
        if not self._get_active_operation():
            if self._may_begin(kind):
                return self._request(kind)
        elif kind == "suspend" and self._may_begin("block"):
            return self._request("block")
        return None

    def _may_begin(self, kind):
        """Tell whether an operation is possible in the present status."""
        playbook = PLAYBOOKS[kind]
        ready = self.ready_at or not playbook.needs_ready
        return ready and self.status in playbook.allowed_from

    def _suspend(self, reason=None):
        """Turn visitors away now, whatever runs; the rest follows when it can.

        :return: the operation that does it, if one could begin
        """
        self.ensure_one()
        self.env["saas.operation"]._check_not_frozen()
        self._write_guarded({"paused_by_billing": False})
        active = self._get_active_operation()
        # Nothing follows the end of an instance: what ends it refuses all else.
        if not active or PLAYBOOKS[active.kind].desired == "terminated":
            return self._request("suspend", reason=reason)
        self.env["saas.event"]._log(
            "suspend_wanted",
            self.env._("It will be suspended after: %s.", active.label),
            instance=self,
            reason=reason,
        )
        return self._want("suspend")

    def _open_what_is_wanted(self, reason=None):
        """Open what is wanted and was not yet: an operation or a freeze was there.

        What failed is not tried again by itself: people retry it.

        :param str reason: why now
        """
        self.ensure_one()
        kind, params = self._get_wanted()
        if not kind or self._was_tried(kind, params):
            return
        if self.env["saas.operation"]._is_frozen() or self._get_active_operation():
            return
        if self._may_begin(kind):
            reason = reason or self.env._("It had to wait until now.")
            self._request(kind, reason=reason, **params)

    def _get_wanted(self):
        """Return what brings the instance to what is wanted: its kind and params."""
        kind = WANTED.get((self.desired_status, self.status)) or self._get_unfinished()
        subscription = self.subscription_id
        if not kind and subscription and not subscription.ended_at:
            plan = subscription.plan_id
            if plan != self.plan_id:
                return "change_plan", {"plan": plan.code}
        return kind, {}

    def _get_unfinished(self):
        """Return the kind that the record already agrees to and the tenant may not."""
        cut_off = self.operation_ids.filtered(
            lambda one: one.kind in RECORDED_FIRST and one.state == "failed"
        )
        return cut_off[:1].kind

    def _was_tried(self, kind, params):
        """Tell whether the last operation was to bring that and failed."""
        last = self.last_operation_id
        if last.state != "failed":
            return False
        if params or kind in RECORDED_FIRST:
            return last.kind == kind and (not params or last.params == params)
        return PLAYBOOKS[last.kind].desired == self.desired_status

    @api.model
    def _find_waiting(self):
        """Return the instances for which something wanted was not opened yet."""
        differing = Domain.OR(
            Domain("desired_status", "=", desired) & Domain("status", "=", status)
            for desired, status in WANTED
        )
        cut_off = Domain("kind", "in", RECORDED_FIRST) & Domain("state", "=", "failed")
        unfinished = Domain("operation_ids", "any", cut_off)
        idle = Domain("last_operation_id.state", "not in", ACTIVE)
        found = self.search((differing | unfinished) & idle)
        return found | self._find_on_another_plan()

    @api.model
    def _find_on_another_plan(self):
        """Return the instances whose subscription has another plan than they."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT i.id FROM saas_instance i
                     JOIN saas_subscription s ON s.id = i.subscription_id
                    WHERE i.active AND i.plan_id <> s.plan_id AND s.ended_at IS NULL
                      AND i.status IN %s""",
                tuple(PLAYBOOKS["change_plan"].allowed_from),
            )
        )
        return self.browse(row[0] for row in rows)
