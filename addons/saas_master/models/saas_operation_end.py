import logging

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.saas_infra.drivers.errors import InfraError

from .saas_operation_run import SupersededError

_logger = logging.getLogger(__name__)


class SaasOperation(models.Model):
    """How an operation ends, well or not, and what follows from it."""

    _inherit = "saas.operation"

    def _finish(self):
        """Conclude: the operation is done, its instance is what it should be."""
        playbook = self._get_playbook()
        instance = self.instance_id
        if instance and playbook.after:
            instance._update_status(playbook.moves_from, playbook.after)
        conclude = getattr(self, f"_finish_{self.kind}", None)
        if conclude:
            conclude()
        self._close("done")

    def _close(self, state, message=None):
        self.env.flush_all()
        self._write_guarded(
            {
                "state": state,
                "message": message,
                "runner": False,
                "ended_at": fields.Datetime.now(),
            }
        )
        self.env.flush_all()
        self.env.cr.execute(
            """UPDATE saas_operation
                  SET seconds = extract(epoch FROM
                      clock_timestamp() AT TIME ZONE 'UTC' - requested_at)
                WHERE id = %s""",
            [self.id],
        )
        self.invalidate_recordset(["seconds"])
        states = dict(self._fields["state"]._description_selection(self.env))
        self.env["saas.event"]._log(
            f"{self.kind}_{state}",
            f"{self.label}: {message or states[state]}",
            instance=self.instance_id,
            operation=self,
        )

    def _record_failure(self, token, error):
        """Write down why a step failed, and tell the managers."""
        if isinstance(error, InfraError | UserError):
            message = str(error)
        else:
            _logger.exception("Operation %s failed", self.id, exc_info=error)
            message = self.env._(
                "Unexpected error: %(kind)s. The log of `jobs` has more: operation "
                "%(number)s.",
                kind=type(error).__name__,
                number=self.id,
            )
        try:
            self._atomically(token, lambda: self._fail(message))
        except SupersededError:
            self.env.cr.rollback()

    def _fail(self, message):
        step = self._get_open_steps()[:1]
        step._write_guarded(
            {"state": "failed", "message": message, "seconds": step._get_spent()}
        )
        playbook = self._get_playbook()
        text = f"{step.label}: {message}" if step else message
        status = "error" if playbook.breaks else self.status_before
        if self.instance_id and status:
            self.instance_id._update_status(playbook.moves_from, status, text)
        conclude = getattr(self, f"_failed_{self.kind}", None)
        if conclude:
            conclude(text)
        self._close("failed", text)
        self.env["saas.alarm"]._mail_managers(
            self.env._(
                "%(label)s failed: %(subject)s",
                label=self.label,
                subject=self._get_subject(),
            ),
            text,
        )

    def _converge(self):
        """Open what had to wait until this operation ended."""
        instance = self.instance_id
        if self.state not in ("done", "failed") or not instance.exists():
            return
        try:
            self._in_transaction(instance._open_what_is_wanted)
        except UserError as error:  # A scheduled action asks again.
            self.env.cr.rollback()
            _logger.info("Operation %s: %s", self.id, error)
