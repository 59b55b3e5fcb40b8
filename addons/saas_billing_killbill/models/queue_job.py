from odoo import api, models


class QueueJob(models.Model):
    _inherit = "queue.job"

    @api.model
    def _get_saas_methods(self):
        return super()._get_saas_methods() | {
            ("saas.killbill.account", "_job_converge"),
            ("saas.killbill.account", "_job_charge"),
        }
