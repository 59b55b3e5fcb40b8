from functools import partial

from odoo import models

from .saas_operation_run import Wait


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
        driver, spec = relay._get_driver(), instance._get_mail_login_spec()

        def tell():
            driver.ensure_login(spec)
            return spec

        return tell

    def _done_mail(self, told):
        """Have it told again where the rights are others by now.

        Beside us another operation may have suspended the instance, and have told the
        relay before we did: what we told would have been the last word.
        """
        if told and told != self.instance_id._get_mail_login_spec():
            return Wait(0)
        return None

    def _step_drop_mail(self):
        instance = self.instance_id
        relay = instance.cluster_id.relay_id
        if not relay or not instance.sudo().mail_password_sealed:
            return None
        driver = relay._get_driver()
        return partial(driver.remove_login, instance._get_mail_login_spec())
