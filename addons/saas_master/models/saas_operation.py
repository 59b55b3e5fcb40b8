from datetime import datetime

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..operations.playbooks import PLAYBOOKS
from ..operations.step_labels import STEP_LABELS
from ..tools.queue import PRIORITIES

STATES = [
    ("queued", "Waiting"),
    ("running", "Running"),
    ("done", "Done"),
    ("failed", "Failed"),
    ("discarded", "Discarded"),
]
ACTIVE = ("queued", "running")


class SaasOperation(models.Model):
    """One change to an instance or a template, and its steps."""

    _name = "saas.operation"
    _description = "Operation"
    _inherit = ["saas.guarded.mixin"]
    _order = "id desc"
    _rec_name = "kind"
    _saas_guarded = frozenset(
        {
            "kind",
            "status_before",
            "state",
            "instance_id",
            "template_id",
            "params",
            "runner",
            "deaths",
            "job_uuid",
            "message",
            "exclusive",
            "requested_by",
        }
    )
    # To retry, in which states: config/postgresql/web_grants.sql.
    _saas_web_writes = frozenset({"state", "message", "deaths", "job_uuid"})
    _saas_web_creates = frozenset(
        {"kind", "instance_id", "template_id", "params", "exclusive", "requested_by"}
    )

    kind = fields.Selection("_selection_kind", required=True, readonly=True, index=True)
    label = fields.Char(compute="_compute_label")
    channel = fields.Char(compute="_compute_label")
    instance_id = fields.Many2one(
        "saas.instance", readonly=True, index=True, ondelete="cascade"
    )
    template_id = fields.Many2one(
        "saas.template", readonly=True, index=True, ondelete="cascade"
    )
    state = fields.Selection(
        STATES, default="queued", required=True, readonly=True, index=True
    )
    exclusive = fields.Boolean(readonly=True)
    params = fields.Json(readonly=True)
    reason = fields.Char(readonly=True)
    message = fields.Char(readonly=True)
    status_before = fields.Char(
        readonly=True, help="The instance's status when it began, for its failure."
    )
    step_ids = fields.One2many("saas.operation.step", "operation_id", readonly=True)
    current_step_id = fields.Many2one(
        "saas.operation.step", compute="_compute_progress"
    )
    progress = fields.Float(compute="_compute_progress")
    requested_by = fields.Many2one(
        "res.users", readonly=True, default=lambda self: self.env.user
    )
    requested_at = fields.Datetime(
        readonly=True,
        default=lambda self: datetime.utcnow(),  # to the microsecond
        help="When it was asked for, or to be tried again, last.",
    )
    started_at = fields.Datetime(readonly=True)
    ended_at = fields.Datetime(readonly=True)
    seconds = fields.Float(
        readonly=True,
        aggregator="avg",
        digits=(16, 3),
        help="From the last request to the end.",
    )
    runner = fields.Char(readonly=True, help="Token of the worker that runs it.")
    deaths = fields.Integer(readonly=True, help="Workers that died while they ran it.")
    job_uuid = fields.Char(readonly=True, index=True)

    _one_active = models.UniqueIndex(
        "(instance_id) WHERE exclusive AND state IN ('queued', 'running')",
        "Another operation of this instance is under way.",
    )
    _one_active_template = models.UniqueIndex(
        "(template_id) WHERE state IN ('queued', 'running')",
        "Another operation of this template is under way.",
    )
    # The fence asks whether anything was changed, the dashboard how long creations
    # took: neither may read all history.
    _changed = models.Index("(write_date)")
    _creations = models.Index(
        "(create_date) WHERE kind = 'provision' AND state = 'done'"
    )

    @api.depends("kind")
    @api.depends_context("lang")
    def _compute_label(self):
        for operation in self:
            playbook = PLAYBOOKS.get(operation.kind)
            operation.label = playbook and self.env._(playbook.label)
            operation.channel = playbook and playbook.channel

    @api.model
    def _selection_kind(self):
        return [(kind, self.env._(one.label)) for kind, one in PLAYBOOKS.items()]

    @api.depends("kind", "instance_id.subdomain", "template_id.name")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for operation in self:
            name = f"{operation.label} {operation._get_subject()}"
            operation.display_name = name.strip()

    @api.depends("step_ids.state")
    def _compute_progress(self):
        for operation in self:
            steps = operation.step_ids
            done = steps.filtered(lambda step: step.state == "done")
            operation.progress = 100.0 * len(done) / len(steps) if steps else 0.0
            operation.current_step_id = (steps - done)[:1]

    # === REQUESTS === #

    @api.model
    def _open(self, kind, *, instance=None, template=None, reason=None, params=None):
        """Write an operation down and queue it.

        :param str kind: a playbook
        :param instance: the ``saas.instance`` it changes, or none
        :param template: the ``saas.template`` it changes, or none
        :param str reason: in the words of who asks
        :param dict params: what the steps read; never a secret
        :return: the operation
        """
        playbook = PLAYBOOKS[kind]
        operation = self._create_guarded(
            [
                {
                    "kind": kind,
                    "instance_id": instance.id if instance else False,
                    "template_id": template.id if template else False,
                    "exclusive": playbook.exclusive and bool(instance),
                    "reason": reason,
                    "params": params or {},
                    "requested_by": self.env.uid,
                    "step_ids": [
                        fields.Command.create({"name": name, "sequence": number})
                        for number, name in enumerate(playbook.steps)
                    ],
                }
            ]
        )
        self.env["saas.event"]._log(
            f"{kind}_requested",
            self.env._("%s was asked for.", operation.label),
            instance=instance,
            operation=operation,
            reason=reason,
        )
        operation._enqueue()
        return operation

    def _enqueue(self, eta=None):
        """Queue the job that runs the operation.

        :param int eta: seconds from now, or none for at once
        """
        for operation in self:
            playbook = PLAYBOOKS[operation.kind]
            job = (
                operation.sudo()
                ._for_job()
                .with_delay(
                    channel=f"root.{playbook.channel}",
                    priority=PRIORITIES[playbook.channel],
                    description=operation.display_name,
                    eta=eta,
                    max_retries=1,
                )
                ._job_run()
            )
            operation._write_guarded({"job_uuid": job.uuid})

    def _get_subject(self):
        return self.instance_id.subdomain or self.template_id.name or ""

    def _retry(self, reason=None):
        """Go on from the step that failed.

        :param str reason: in the words of who asks
        :raise UserError: where another operation of the instance is under way
        """
        self.ensure_one()
        if self.state != "failed":
            raise UserError(self.env._("Only a failed operation can be retried."))
        self._check_not_frozen()
        instance = self.instance_id
        if instance:
            instance._check_pace()
        if instance and instance._get_active_operation():
            raise UserError(self.env._("Another operation is under way."))
        if not self._is_last():
            raise UserError(
                self.env._("Other things happened since then: ask for it anew.")
            )
        self._write_guarded(
            {
                "state": "queued",
                "message": False,
                "deaths": 0,
                "requested_at": datetime.utcnow(),
                "started_at": False,
                "ended_at": False,
            }
        )
        self.env["saas.event"]._log(
            f"{self.kind}_retried",
            self.env._("%s was asked for again.", self.label),
            instance=instance,
            operation=self,
            reason=reason,
        )
        self._enqueue()

    def _is_last(self):
        """Tell whether nothing else was asked of the instance or template since."""
        self.ensure_one()
        if self.template_id:
            return self.template_id.operation_ids[:1] == self
        return self.instance_id.last_operation_id == self and self.instance_id.active

    def _get_playbook(self):
        self.ensure_one()
        return PLAYBOOKS[self.kind]


class SaasOperationStep(models.Model):
    _name = "saas.operation.step"
    _description = "Step of an Operation"
    _inherit = ["saas.guarded.mixin"]
    _order = "operation_id, sequence, id"
    _rec_name = "name"
    _saas_web_creates = frozenset({"operation_id", "sequence", "name", "state"})
    _saas_guarded = _saas_web_creates | {"started_at", "seconds", "message"}

    operation_id = fields.Many2one(
        "saas.operation", required=True, readonly=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(readonly=True)
    name = fields.Char(required=True, readonly=True)
    label = fields.Char(compute="_compute_label")
    state = fields.Selection(
        [
            ("pending", "Waiting"),
            ("running", "Running"),
            ("done", "Done"),
            ("failed", "Failed"),
        ],
        default="pending",
        required=True,
        readonly=True,
    )
    started_at = fields.Datetime(readonly=True)
    seconds = fields.Float(readonly=True, digits=(16, 3))
    message = fields.Char(readonly=True)

    @api.depends("name")
    @api.depends_context("lang")
    def _compute_label(self):
        for step in self:
            label = STEP_LABELS.get(step.name)
            step.label = self.env._(label) if label else step.name

    @api.depends("name")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for step in self:
            step.display_name = step.label

    def _get_spent(self):
        """Return how many seconds the step has run; 0 where it does not."""
        if self.state != "running":
            return 0.0
        return (datetime.utcnow() - self.started_at).total_seconds()
