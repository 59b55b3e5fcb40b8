# No transaction is open while others are asked.
# pylint: disable=invalid-commit
import logging
from dataclasses import replace
from functools import partial

from odoo import models

from odoo.addons.saas_infra.drivers.errors import InfraError, PermanentInfraError

from .saas_instance_specs import ROUTE_STATES
from .saas_instance_state import UNTIL_TERMINATED

_logger = logging.getLogger(__name__)


class SaasOperation(models.Model):
    """Steps that stop, start and change a living instance."""

    _inherit = "saas.operation"

    # === NOTICES === #

    def _show_notice(self, state):
        instance = self.instance_id
        if not instance.database:  # It was never placed.
            return None
        driver = instance.cluster_id.proxy_id._get_driver()
        return partial(driver.ensure_route, instance._get_route_spec(state))

    def _step_notice(self):
        paused = self.instance_id.desired_status == "paused"
        return self._show_notice("suspended" if paused else "stopped")

    def _step_notice_stopped(self):
        return self._show_notice("stopped")

    def _step_notice_starting(self):
        return self._show_notice("starting")

    def _step_notice_suspended(self):
        return self._show_notice("suspended")

    def _take_notice_back(self):
        """Show visitors what there is again where a stop failed, as well as we can."""
        shown = ROUTE_STATES.get(self.instance_id.status)
        if self.kind != "stop" or self.state != "failed" or not shown:
            return
        call = self._show_notice(shown)
        self.env.cr.commit()
        try:
            call()
        except InfraError as error:
            _logger.warning("Operation %s: the notice stays: %s", self.id, error)

    def _step_halt(self):
        instance = self.instance_id
        if not instance.port:
            return None
        driver = instance.cluster_id._get_driver()
        return partial(driver.stop_service, instance._get_service_spec())

    # === CHANGE OF PLAN === #

    def _get_new_plan(self):
        return (
            self.env["saas.plan"]
            .with_context(active_test=False)
            .search([("code", "=", self.params["plan"])])
        )

    def _step_fit(self):
        """Measure what is used, before anything changes."""
        instance = self.instance_id
        server = instance.database_server_id._get_driver()
        storage = instance.storage_id._get_driver()
        database, directory = instance.database, instance.directory

        def measure():
            directories = storage.list_directories(measure=True, only=[directory])
            databases = server.list_databases()
            return databases.get(database), directories.get(directory)

        return measure

    def _done_fit(self, measured):
        """Check use against the new plan.

        :raise PermanentInfraError: where it does not fit
        """
        database, directory = measured
        if not database or not directory:
            raise PermanentInfraError(
                self.env._("The database or the folder of the instance is gone."),
                cure=self.env._("Restore it first."),
            )
        if directory.used is None:
            raise PermanentInfraError(
                self.env._(
                    "The folder %s could not be measured.", self.instance_id.directory
                ),
                cure=self.env._("Retry; if it stays so, look at the storage."),
            )
        used = (database.size + directory.used) / 1000**3
        self.instance_id._check_use(used, self._get_new_plan())

    def _step_reserve(self):
        """Take the new limits into the record, where there is room for them."""
        self.instance_id._take_plan(self._get_new_plan())

    def _step_widen(self):
        """Allow what the larger plan needs while one task follows the other."""
        instance = self.instance_id
        driver = instance.database_server_id._get_driver()
        spec = instance._get_database_spec()

        def widen():
            found = driver.list_roles().get(spec.role)
            limit = max(spec.connection_limit, found.connection_limit if found else 0)
            driver.ensure_role(replace(spec, connection_limit=limit))

        return widen

    def _step_quota(self):
        instance = self.instance_id
        driver = instance.storage_id._get_driver()
        return partial(driver.set_quota, instance._get_directory_spec())

    def _step_resize(self):
        """Give a running instance its new limits; others get them when they start."""
        return self._step_service()

    # === NAME AND OWNER === #

    def _step_redirects(self):
        """Write the route as it is to be, without the names that are over."""
        status = self.instance_id.status
        return self._show_notice(ROUTE_STATES.get(status, "stopped"))

    def _finish_release_names(self):
        names = self.instance_id.subdomain_ids
        names.filtered(lambda name: name.id in self.params["names"]).sudo().unlink()

    def _step_base_url(self):
        instance = self.instance_id
        client = instance._get_tenant_client(direct=True)
        return partial(client.command, "setup", base_url=instance.url)

    def _step_administrator(self):
        instance = self.instance_id
        client = instance._get_tenant_client(direct=True)
        return partial(
            client.command,
            "setup",
            name=instance.partner_id.name,
            email=instance.email,
        )

    def _finish_rename(self):
        self._discard_what_was_cut_off()

    def _finish_hand_over(self):
        self._discard_what_was_cut_off()

    def _discard_what_was_cut_off(self):
        """Count what failed of this kind as done with: this one told all there is."""
        before = self.instance_id.operation_ids.filtered(
            lambda one: one.kind == self.kind and one.state == "failed"
        )
        before._write_guarded({"state": "discarded"})

    # === ENDINGS === #

    def _finish_terminate(self):
        """Give the runtime's room back; the data keeps its place."""
        instance = self.instance_id
        instance._update_provisioning_status(UNTIL_TERMINATED, "terminated")
        # The retention time begins now, whatever the record said until here.
        instance._write_guarded({"port": 0, "terminated_at": self._saas_now()})
        if not instance.subscription_id.ended_at:
            instance.subscription_id._billing_stop()
