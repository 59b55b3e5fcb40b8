from odoo import fields, models


class SaasInstanceChange(models.AbstractModel):
    """A dialog before an operation on one instance that needs more than a reason.

    A model names the operation in ``_kind`` and asks for it in :meth:`_ask`.
    """

    _name = "saas.instance.change"
    _inherit = ["saas.instance.dialog"]
    _description = "Dialog before a change of one instance"

    _kind = ""

    kind = fields.Char(default=lambda self: self._kind)
    instance_id = fields.Many2one("saas.instance", required=True, readonly=True)

    def action_confirm(self):
        """Ask for what was filled in."""
        self.ensure_one()
        self.instance_id._authorize(self._kind)
        return self._ask() or {"type": "ir.actions.act_window_close"}

    def _ask(self):
        """Ask for the operation.

        :return: an action, or nothing where the dialog just closes
        """
        raise NotImplementedError
