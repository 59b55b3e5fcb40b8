# The job runs on a cursor of its own: whoever asked reads what is committed.
# pylint: disable=invalid-commit
import logging

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.saas_infra.drivers.errors import InfraError

from ..tools.queue import PRIORITIES

_logger = logging.getLogger(__name__)

# When what was asked is not answered any more.
LATE = "-15M"


class SaasInquiry(models.Model):
    """What `web` asks of `jobs`: a row that a short job answers."""

    _name = "saas.inquiry"
    _description = "Inquiry"
    _inherit = ["saas.guarded.mixin"]
    _order = "id desc"
    _saas_guarded = frozenset({"kind", "params", "state", "answer", "instance_id"})
    _saas_web_writes = frozenset({"answer"})
    _saas_web_creates = frozenset({"kind", "params", "state", "instance_id"})

    kind = fields.Selection(
        [
            ("logs", "Log"),
            ("login", "One-time login"),
            ("reconcile", "Reconcile"),
            ("connection", "Test connection"),
            ("preview", "What the plan costs"),
        ],
        required=True,
        readonly=True,
    )
    instance_id = fields.Many2one("saas.instance", readonly=True, ondelete="cascade")
    params = fields.Json(readonly=True)
    state = fields.Selection(
        [("waiting", "Waiting"), ("done", "Done"), ("failed", "Failed")],
        default="waiting",
        required=True,
        readonly=True,
    )
    answer = fields.Json(readonly=True)
    message = fields.Char(readonly=True)

    @api.model
    def _ask(self, kind, instance=None, **params):
        """Ask something that needs a key or a driver.

        :param str kind: what is asked
        :param params: what the answer needs; never a secret
        :return: the inquiry, to be read again until it is no longer waiting
        """
        inquiry = self._create_guarded(
            [
                {
                    "kind": kind,
                    "instance_id": instance.id if instance else False,
                    "params": params,
                }
            ]
        )
        inquiry._for_job().with_delay(
            channel="root.monitoring",
            priority=PRIORITIES["monitoring"],
            description=f"Answer: {kind}",
            max_retries=1,
        )._job_answer()
        return inquiry

    def _job_answer(self):
        """Answer an inquiry"""
        self.ensure_one()
        if self.state != "waiting":
            return
        try:
            answer = getattr(self, f"_answer_{self.kind}")(**(self.params or {}))
            values = {"state": "done", "answer": answer}
        except (InfraError, UserError) as error:
            self.env.cr.rollback()
            values = {"state": "failed", "message": str(error)}
        except Exception as error:  # Whoever asked waits for an answer, not a log.
            self.env.cr.rollback()
            _logger.exception("Inquiry %s failed", self.id)
            values = {"state": "failed", "message": type(error).__name__}
        self._write_guarded(values)
        self.env.cr.commit()

    def _answer_logs(self, lines=100):
        instance = self.instance_id
        driver = instance.cluster_id._get_driver()
        return driver.logs(instance._get_service_spec(), min(int(lines), 2000))

    def _answer_connection(self, model, record):
        return self.env[model].browse(record)._try_connection()

    def _answer_preview(self, plan):
        plan = self.env["saas.plan"].browse(plan)
        return self.instance_id.subscription_id._describe_change(plan)

    @api.model
    def _fail_abandoned(self):
        """Answer for a worker that died: whoever asked would wait for ever."""
        abandoned = self.search([("state", "=", "waiting"), ("create_date", "<", LATE)])
        if abandoned:
            message = self.env._(
                "Nobody answered. Look into the log of `jobs`, then ask again."
            )
            abandoned._write_guarded({"state": "failed", "message": message})

    @api.autovacuum
    def _gc_inquiries(self):
        old = self.search([("create_date", "<", "-1d")], limit=1000)
        old.unlink()
        return len(old), len(old) == 1000  # more are left
