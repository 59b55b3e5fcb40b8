from odoo import api, models
from odoo.exceptions import UserError


class SaasInquiry(models.Model):
    """What staff ask of `jobs` by a button, and the dialog that shows the answer."""

    _inherit = "saas.inquiry"

    @api.model
    def _ask_for_log(self, instance, lines):
        """Ask for the end of an instance's log; it is noted who did.

        :param int lines: how many at most
        :return: the inquiry
        """
        self.env["saas.event"]._log(
            "log_read", self.env._("The log was asked for."), instance=instance
        )
        return self._ask("logs", instance, lines=lines)

    def _show(self):
        """Return the dialog that waits for the answer."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": dict(self._fields["kind"]._description_selection(self.env))[
                self.kind
            ],
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def action_ask_again(self):
        """Ask the same once more; an answer is a picture of its moment.

        :raise UserError: for what no dialog asks
        """
        self.ensure_one()
        if self.kind == "logs":
            return self.instance_id.action_show_log()
        if self.kind != "connection":
            raise UserError(self.env._("This is asked at the command line."))
        params = self.params or {}
        return (
            self.env[params["model"]].browse(params["record"]).action_test_connection()
        )
