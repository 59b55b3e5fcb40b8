from functools import partial

from odoo import models


class SaasOperation(models.Model):
    """Steps for an instance's login at the mail relay."""

    _inherit = "saas.operation"

    def _step_mail(self):
        """Have the login with the rights that the instance has now."""
        instance = self.instance_id
        relay = instance.cluster_id.relay_id
        if not relay or not instance.service:
            return None
        instance._ensure_mail_password()
        driver = relay._get_driver()
        return partial(driver.ensure_login, instance._get_mail_login_spec())

    def _step_drop_mail(self):
        instance = self.instance_id
        relay = instance.cluster_id.relay_id
        if not relay or not instance.sudo().mail_password_sealed:
            return None
        driver = relay._get_driver()
        return partial(driver.remove_login, instance._get_mail_login_spec())
