from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..operations.playbooks import PLAYBOOKS
from ..tools.counting import count_into
from .saas_instance import STATUSES
from .saas_instance_request import BULK_LIMIT, SUPPORT_KINDS

# Long enough that a loop does not wait for it, short enough for a day's work by hand.
PACE_MINUTES = 10
# The events of what people ask of an instance that exists.
ASKED = [
    f"{kind}_{verb}"
    for kind in PLAYBOOKS.keys() - {"provision"}
    for verb in ("requested", "retried")
] + ["provision_retried"]


class SaasInstance(models.Model):
    """The backend's buttons: who may, then the method that knows how."""

    _inherit = "saas.instance"

    status = fields.Selection(group_expand="_read_group_status")
    last_operation_state = fields.Selection(related="last_operation_id.state")
    operation_count = fields.Integer(compute="_compute_operation_count")
    event_count = fields.Integer(compute="_compute_event_count")
    subscription_count = fields.Integer(compute="_compute_subscription_count")

    kept_until = fields.Datetime(
        compute="_compute_kept_until",
        help="So long the data of a terminated instance stays: it can be reactivated. "
        "Afterwards it can be purged.",
    )
    may_be_purged = fields.Boolean(compute="_compute_kept_until")

    # === COMPUTE METHODS === #

    @api.depends("status", "terminated_at", "active")
    def _compute_kept_until(self):
        for instance in self:
            is_kept = instance.active and instance.status == "terminated"
            kept_until = instance._get_kept_until() if is_kept else False
            instance.kept_until = kept_until
            instance.may_be_purged = is_kept and kept_until <= instance._saas_now()

    def _compute_operation_count(self):
        count_into(self, "operation_count", "saas.operation", "instance_id")

    def _compute_event_count(self):
        count_into(self, "event_count", "saas.event", "instance_id")

    def _compute_subscription_count(self):
        count_into(self, "subscription_count", "saas.subscription", "instance_id")

    def _read_group_status(self, statuses, domain):
        """Show the columns that instances stay in; the others where they have some."""
        passing = {"starting", "stopping", "terminated"} - set(statuses)
        return [status for status, _label in STATUSES if status not in passing]

    # === WHO MAY === #

    def _authorize(self, kind):
        """Refuse who may not ask this of so many instances.

        :param str kind: a playbook, or ``open`` or ``logs``
        :raise AccessError: with the group that is needed
        """
        group = "support" if kind in SUPPORT_KINDS else "manager"
        if len(self) > BULK_LIMIT:
            group = "operator"
        self.env["saas.api"]._check_group(group)

    def _check_pace(self):
        """Refuse who asks one by one for what only operators may ask at once.

        What the platform asks for by itself has no limit.

        :raise UserError: with what to do
        """
        if self.env.su or self.env.user.has_group("saas_infra.group_operator"):
            return
        since = fields.Datetime.now() - timedelta(minutes=PACE_MINUTES)
        [(others,)] = (
            self.env["saas.event"]
            .sudo()
            ._read_group(
                [
                    ("user_id", "=", self.env.uid),
                    ("create_date", ">", since),
                    ("kind", "in", ASKED),
                    ("instance_id", "!=", self.id),
                ],
                aggregates=["instance_id:count_distinct"],
            )
        )
        if others >= BULK_LIMIT:
            raise UserError(
                self.env._(
                    "You asked for changes of %(count)s instances within %(minutes)s "
                    "minutes: more are for operators. Ask one of them, or wait.",
                    count=others,
                    minutes=PACE_MINUTES,
                )
            )

    # === BUTTONS THAT ACT === #

    def action_start(self):
        self._authorize("start")
        self._request("start")

    def action_resume(self):
        self._authorize("resume")
        self._request("resume")

    def action_retry(self):
        self._authorize("retry")
        for instance in self:
            instance._retry()

    def action_show_log(self):
        self._authorize("logs")
        self.ensure_one()
        return self.env["saas.inquiry"]._ask_for_log(self, lines=200)._show()

    # === BUTTONS THAT ASK FIRST === #

    def action_stop(self):
        return self._ask_first("stop")

    def action_restart(self):
        return self._ask_first("restart")

    def action_suspend(self):
        return self._ask_first("suspend")

    def action_terminate(self):
        return self._ask_first("terminate")

    def action_reactivate(self):
        return self._ask_first("reactivate")

    def action_discard(self):
        return self._ask_first("discard")

    def action_change_plan(self):
        return self._fill_in("change_plan", "saas.instance.change.plan")

    def action_rename(self):
        dialog = self._fill_in("rename", "saas.instance.rename")
        self._check_may_be_renamed()  # Before somebody thinks of a name.
        return dialog

    def action_hand_over(self):
        return self._fill_in("hand_over", "saas.instance.hand.over")

    def action_purge(self):
        return self._fill_in("purge", "saas.instance.purge")

    def action_open_as_support(self):
        return self._fill_in("open", "saas.instance.open")

    def _ask_first(self, kind):
        """Show what an operation will do, and ask for a reason."""
        self._authorize(kind)
        question = self.env["saas.instance.confirm"].create(
            {"kind": kind, "instance_ids": [fields.Command.set(self.ids)]}
        )
        return question._show()

    def _fill_in(self, kind, model):
        """Open the form of a change that needs more than a reason."""
        self._authorize(kind)
        self.ensure_one()
        return self.env[model].create({"instance_id": self.id})._show()
