# A refused row must stay refused when the request is rolled back.
# pylint: disable=invalid-commit
import json
import logging

from odoo import api, models

from .saas_guarded_mixin import KEPT

_logger = logging.getLogger(__name__)

RECORD_KEYS = {"_type", "model", "ids", "uid", "su", "context"}


class QueueJob(models.Model):
    _inherit = "queue.job"

    # A job is looked up by it: `web` could give a second row the one that it saw.
    _saas_uuid_uniq = models.UniqueIndex("(uuid)")

    @api.model
    def _get_saas_methods(self):
        """Return the only methods that the service `jobs` runs.

        Whatever may write a row of ``queue_job`` could name any method of any model;
        a later add-on adds its own here.

        :return: pairs of model and method
        """
        return {
            ("saas.operation", "_job_run"),
            ("saas.inquiry", "_job_answer"),
            ("saas.measurement", "_job_measure"),
            ("saas.snapshot", "_job_snapshot"),
            ("saas.watch", "_job_watch"),
        }

    def _is_allowed(self):
        """Tell whether this row asks for a method of the closed list, and nothing else.

        Reads the columns as they are: to decode what another wrote would already make
        records, contexts and XML of its choice.
        """
        self.ensure_one()
        self.env.cr.execute(
            """SELECT model_name, method_name, records, args, kwargs, dependencies
                 FROM queue_job WHERE id = %s""",
            [self.id],
        )
        model, method, records, *others = self.env.cr.fetchone()
        args, kwargs, dependencies = map(_plain, others)
        return (
            (model, method) in self._get_saas_methods()
            and _is_recordset(_plain(records), model)
            and not args
            and not kwargs
            # A job that waits for another one has that one's row decoded, too.
            and not any((dependencies or {}).values())
        )

    def _refuse(self):
        """Fail a row that names something else, and say so."""
        self.ensure_one()
        _logger.error(
            "Job %r was refused: %r.%r is not on the closed list.",
            self.uuid,
            self.model_name,
            self.method_name,
        )
        self.env.cr.execute(
            """UPDATE queue_job SET state = 'failed', exc_name = 'Refused',
                      exc_message = 'This method is not on the closed list.'
                WHERE id = %s""",
            [self.id],
        )
        self.env.cr.commit()


def _plain(value):
    """Read a column of queue_job, a text with JSON in it, without decoding types.

    :return: plain values; what cannot be read comes back as it is
    """
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _is_recordset(value, model):
    """Tell whether a value is nothing but records of one model."""
    if not isinstance(value, dict) or not RECORD_KEYS.issuperset(value):
        return False
    ids, context = value.get("ids"), value.get("context") or {}
    return (
        value.get("_type") == "odoo_recordset"
        and value.get("model") == model
        and type(value.get("uid")) is int
        and isinstance(value.get("su"), bool)
        and isinstance(ids, list)
        and all(type(number) is int for number in ids)
        and isinstance(context, dict)
        and all(key in KEPT for key in context)
        and all(isinstance(word, (str, bool)) for word in context.values())
    )
