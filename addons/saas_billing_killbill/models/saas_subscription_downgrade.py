from dataclasses import replace

from odoo import models


class SaasSubscription(models.Model):
    """A smaller plan whose day came and that holds less than is in use by then.

    Nobody's data is in the way of a plan: the larger one is ordered again.
    """

    _inherit = "saas.subscription"

    def _is_as_read(self, state, pending):
        return super()._is_as_read(state, pending) and not self._is_outgrown(state)

    def _follow_killbill(self, state, pending):
        if self._is_outgrown(state):
            if self._get_last_order("change_plan").state != "waiting":
                self._stay_larger(self._find_plan(state.plan))
            state = replace(state, plan=self.instance_id.plan_id.code)
        return super()._follow_killbill(state, pending)

    def _is_outgrown(self, state):
        """Tell whether the plan that Kill Bill says is too small, and not refused yet.

        :param BillingState state: what it says
        """
        instance = self.instance_id
        if state.ended_at or state.plan == instance.plan_id.code:
            return False
        last = self._get_last_order("change_plan")
        kept = self._get_killbill_plan(instance.plan_id)
        if last.state == "refused" and last.plan == kept:  # Staff were told.
            return False
        return instance.used_gb > self._find_plan(state.plan).storage_gb

    def _stay_larger(self, smaller):
        """Order the plan that it still has, and tell staff.

        :param smaller: the ``saas.plan`` that it was to have
        """
        instance = self.instance_id
        text = self.env._(
            "%(name)s uses %(used)s GB and %(smaller)s has %(allowed)s GB: it stays "
            "with %(larger)s.",
            name=instance.subdomain,
            used=f"{instance.used_gb:.1f}",
            smaller=smaller.name,
            allowed=smaller.storage_gb,
            larger=instance.plan_id.name,
        )
        title = self.env._("A smaller plan no longer fits")
        alarm = self.env["saas.alarm"]
        alarm._ring("downgrade_refused", title, text, instance=instance)
        plan = self._get_killbill_plan(instance.plan_id)
        self._tell_killbill("change_plan", plan=plan, reason=text)
