from odoo import api, fields, models


class SaasInstanceConfirm(models.TransientModel):
    """Asks before an operation that needs nothing but a reason."""

    _name = "saas.instance.confirm"
    _inherit = ["saas.instance.dialog"]
    _description = "Confirm an operation"

    kind = fields.Selection(
        [
            ("stop", "Stop"),
            ("restart", "Restart"),
            ("suspend", "Suspend"),
            ("terminate", "Terminate"),
            ("reactivate", "Reactivate"),
            ("discard", "Discard"),
        ],
        required=True,
        readonly=True,
    )
    instance_ids = fields.Many2many("saas.instance", readonly=True)
    instance_count = fields.Integer(compute="_compute_instance_count")

    @api.depends("instance_ids")
    def _compute_instance_count(self):
        for dialog in self:
            dialog.instance_count = len(dialog.instance_ids)

    def action_confirm(self):
        """Ask for the operation on every instance, or on none."""
        self.ensure_one()
        self.instance_ids._authorize(self.kind)
        for instance in self.instance_ids:
            self._ask_for(instance)
        return {"type": "ir.actions.act_window_close"}

    def _ask_for(self, instance):
        methods = {
            "suspend": instance._suspend,
            "reactivate": instance._reactivate,
            "discard": instance._discard,
        }
        if self.kind in methods:
            methods[self.kind](reason=self.reason)
        else:
            instance._request(self.kind, reason=self.reason)
