from odoo import api, fields, models
from odoo.exceptions import AccessError


class SaasEvent(models.Model):
    """Who did or saw what, when and why: written once, never changed."""

    _name = "saas.event"
    _description = "Event"
    _inherit = ["saas.guarded.mixin"]
    _order = "id desc"
    _rec_name = "message"
    _saas_guarded = frozenset(
        {"kind", "message", "reason", "user_id", "instance_id", "operation_id"}
    )
    _saas_web_creates = _saas_guarded

    create_date = fields.Datetime(string="When", index=True)
    # Restricted: what deletes the other row would change the event's.
    user_id = fields.Many2one(
        "res.users", string="Who", readonly=True, index=True, ondelete="restrict"
    )
    instance_id = fields.Many2one(
        "saas.instance", readonly=True, index=True, ondelete="restrict"
    )
    operation_id = fields.Many2one(
        "saas.operation", readonly=True, index=True, ondelete="restrict"
    )
    kind = fields.Char(required=True, readonly=True, index=True)
    message = fields.Char(required=True, readonly=True)
    reason = fields.Char(readonly=True)

    @api.model
    def _log(self, kind, message, *, instance=None, operation=None, reason=None):
        """Append an event.

        :param str kind: short technical name, such as ``operation_failed``
        :param str message: one sentence that people read
        :param instance: the ``saas.instance`` it is about
        :param operation: the ``saas.operation`` it is about
        :param str reason: why, in the words of who did it
        """
        return self._create_guarded(
            [
                {
                    "kind": kind,
                    "message": message,
                    "reason": reason,
                    "user_id": self.env.uid,
                    "instance_id": instance.id if instance else False,
                    "operation_id": operation.id if operation else False,
                }
            ]
        )

    def write(self, vals):  # pylint: disable=method-required-super
        raise AccessError(self.env._("Events are never changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise AccessError(self.env._("Events are never deleted."))
