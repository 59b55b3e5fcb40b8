from odoo import models


class SaasOperation(models.Model):
    """The backend's buttons on operations."""

    _inherit = "saas.operation"

    def action_retry(self):
        # All of them before the first: many at once are the operators'.
        self.instance_id._authorize("retry")
        if self.template_id:
            self.env["saas.api"]._check_group("operator")
        for operation in self:
            operation._retry()
