import logging

from odoo import api, models
from odoo.exceptions import UserError

from .saas_operation import ACTIVE

_logger = logging.getLogger(__name__)

LIVING_JOBS = ("wait_dependencies", "pending", "enqueued", "started")


class SaasOperation(models.Model):
    """The net below queue_job: what nobody else would go on with."""

    _inherit = "saas.operation"

    @api.model
    def _cron_repair_operations(self):
        """Start operations again whose job is gone, and open what is still wanted.

        A job that queue_job gave up (JobFoundDead) calls nobody (odoo19.md, F2).
        """
        self.env["saas.inquiry"].sudo()._fail_abandoned()
        if self._is_frozen():
            return
        for operation in self.sudo()._find_stranded():
            operation._enqueue()
            self.env["ir.cron"]._commit_progress(1)
        for instance in self.env["saas.instance"].sudo()._find_waiting():
            try:
                instance._open_what_is_wanted()
            except UserError as error:  # It is being changed: the next run asks again.
                _logger.info("Instance %s has to wait: %s", instance.id, error)
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _find_stranded(self):
        """Return the operations that are not over and that no job works at."""
        unfinished = self.search([("state", "in", ACTIVE)])
        jobs = (
            self.env["queue.job"]
            .sudo()
            .search(
                [
                    ("uuid", "in", unfinished.mapped("job_uuid")),
                    ("state", "in", LIVING_JOBS),
                ]
            )
        )
        living = set(jobs.mapped("uuid"))
        return unfinished.filtered(lambda one: one.job_uuid not in living)
