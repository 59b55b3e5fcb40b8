from functools import partial

from odoo import models

from odoo.addons.saas_infra.drivers.errors import PermanentInfraError

from .saas_instance_state import UNTIL_TERMINATED


class SaasOperation(models.Model):
    """Steps that take away what was made, and prove that nothing is left."""

    _inherit = "saas.operation"

    def _get_refusal_of_purge(self):
        """Say what still needs the data; what a purge has begun, it ends."""
        if self.instance_id._is_purge_begun():
            return None
        return "\n".join(self.instance_id._purge_blockers())

    def _get_refusal_of_discard(self):
        return self.instance_id._get_refusal_of_discard()

    def _step_unroute(self):
        instance = self.instance_id
        if not instance.database:
            return None
        driver = instance.cluster_id.proxy_id._get_driver()
        return partial(driver.remove_route, instance._get_route_spec("stopped"))

    def _step_dismantle(self):
        instance = self.instance_id
        if not instance.database:
            return None
        driver = instance.cluster_id._get_driver()
        return partial(driver.remove_service, instance._get_service_spec())

    def _get_owner(self):
        """Return whose data goes: an instance or a template."""
        return self.template_id or self.instance_id

    def _step_drop_database(self):
        owner = self._get_owner()
        if not owner.database:
            return None
        driver = owner.database_server_id._get_driver()
        return partial(driver.remove_database, owner._get_database_spec())

    def _step_drop_role(self):
        owner = self._get_owner()
        if not owner.database:
            return None
        driver = owner.database_server_id._get_driver()
        return partial(driver.remove_role, owner._get_database_spec())

    def _step_drop_files(self):
        owner = self._get_owner()
        if not owner.database:
            return None
        driver = owner.storage_id._get_driver()
        spec = owner._get_directory_spec()

        def remove_folder():
            driver.check()
            driver.remove_directory(spec)

        return remove_folder

    def _step_prove(self):
        """List what is there, instead of trusting the removals."""
        instance = self.instance_id
        if not instance.database:
            return None
        relay = instance.cluster_id.relay_id
        runtime = instance.cluster_id._get_driver()
        return self._get_proof(
            instance.service,
            instance.cluster_id.proxy_id._get_driver().list_routes,
            runtime.list_services,
            runtime.list_secrets,
            *([relay._get_driver().list_logins] if relay else []),
        )

    def _get_proof(self, service, *listings):
        """Return the call that proves that nothing of an owner is left.

        :param str service: the name that it has in the listings
        """
        owner = self._get_owner()
        server = owner.database_server_id._get_driver()
        storage = owner.storage_id._get_driver()
        listings += (
            server.list_databases,
            server.list_roles,
            storage.list_directories,
        )
        names = {service, owner.database, owner.directory}

        def prove():
            left = sorted(
                name for listing in listings for name in names & set(listing())
            )
            if left:
                raise PermanentInfraError(f"Still there: {', '.join(left)}.")

        return prove

    def _finish_purge(self):
        self._release_name()

    def _finish_discard(self):
        """Free what the failed creation held, the customer's trial included."""
        instance = self.instance_id
        subscription = instance.subscription_id
        self._release_name()
        subscription._write_guarded({"is_trial": False})
        if not subscription.ended_at:
            subscription._billing_stop()
        failed = instance.operation_ids.filtered(lambda one: one.state == "failed")
        failed._write_guarded({"state": "discarded"})

    def _release_name(self):
        instance = self.instance_id
        instance._update_provisioning_status(UNTIL_TERMINATED, "terminated")
        instance.subdomain_ids.sudo().unlink()
        instance._write_guarded(
            {
                "active": False,
                "port": 0,
                "password_sealed": False,
                "proxy_secret_sealed": False,
                "mail_password_sealed": False,
            }
        )
