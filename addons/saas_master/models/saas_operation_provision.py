from functools import partial

from odoo import models

from odoo.addons.saas_infra.drivers.errors import InfraError, RetryableInfraError

# How long a fresh tenant may take to answer, in seconds.
HEALTHY_SECONDS = 120
LOGIN_SECONDS = 60


class SaasOperation(models.Model):
    """Steps that bring an instance to life."""

    _inherit = "saas.operation"

    def _step_place(self):
        self.instance_id._place()

    def _step_storage(self):
        instance = self.instance_id
        driver = instance.storage_id._get_driver()
        spec = instance._get_directory_spec()

        def make_folder():
            driver.check()
            driver.ensure_directory(spec)

        return make_folder

    def _step_role(self):
        instance = self.instance_id
        driver = instance.database_server_id._get_driver()
        return partial(driver.ensure_role, instance._get_database_spec())

    def _step_database(self):
        instance = self.instance_id
        driver = instance.database_server_id._get_driver()
        template = instance.template_id
        return partial(
            driver.ensure_database,
            instance._get_database_spec(),
            template=template.database,
            template_role=template.database,
        )

    def _step_identity(self):
        instance = self.instance_id
        driver = instance.database_server_id._get_driver()
        return partial(
            driver.set_identity,
            instance._get_database_spec(),
            instance._get_identity(),
        )

    def _step_filestore(self):
        instance = self.instance_id
        driver = instance.storage_id._get_driver()
        return partial(
            driver.copy_filestore,
            instance._get_directory_spec(),
            instance.template_id._get_directory_spec(),
            instance.template_id.database,
            instance.database,
            source_root=instance.template_id.storage_id.root,
        )

    def _serves(self):
        """Tell whether visitors are to come in: a suspension may have come since."""
        return self.kind == "provision" or self.instance_id.desired_status == "running"

    def _step_service(self):
        if not self._serves():
            return None
        instance = self.instance_id
        driver = instance.cluster_id._get_driver()
        proxy = instance.cluster_id.proxy_id._get_driver()
        service, route = (
            instance._get_service_spec(),
            instance._get_route_spec("running"),
        )

        def start_and_publish():
            driver.ensure_service(service)
            # The proxy takes the route in while Odoo boots; until Odoo answers,
            # visitors read that it is starting.
            proxy.ensure_route(route)

        return start_and_publish

    def _step_healthy(self):
        if not self._serves():
            return None
        instance = self.instance_id
        client = instance._get_tenant_client(direct=True)
        runtime, service = instance.cluster_id._get_driver(), instance.service
        proxy = instance.cluster_id.proxy_id._get_driver()

        def wait():
            try:
                client.wait_healthy(HEALTHY_SECONDS)
            except RetryableInfraError as error:
                reason = _find_reason(runtime, service, proxy)
                if not reason:
                    raise
                raise _join(reason, error) from error

        return wait

    def _step_localise(self):
        instance = self.instance_id
        client = instance._get_tenant_client(direct=True)
        company = instance.partner_id.commercial_partner_id
        return partial(
            client.command,
            "setup",
            company=company.name,
            name=instance.partner_id.name,
            email=instance.email,
            lang=instance.lang,
            country=instance.country_id.code or "",
            tz=instance.tz,
            # A country brings its own currency; where none is known, the bill's.
            currency=""
            if instance.country_id
            else instance.subscription_id.currency_id.name,
        )

    def _step_route(self):
        if not self._serves():
            return self._step_notice()
        instance = self.instance_id
        driver = instance.cluster_id.proxy_id._get_driver()
        spec = instance._get_route_spec("running")
        client = instance._get_tenant_client(direct=False)

        def open_address():
            driver.ensure_route(spec)
            client.wait_login(LOGIN_SECONDS)

        return open_address

    def _step_announce(self):
        """Tell the people; the messages to customers come with the portal."""
        instance = self.instance_id
        instance.sudo().message_post(
            body=self.env._("The instance answers at %s.", instance.url)
        )

    def _get_refusal_of_provision(self):
        if self.instance_id.ready_at:
            return self.env._("%s is there already.", self.instance_id.subdomain)
        return None

    def _enter_provision(self):
        self.instance_id._update_provisioning_status({"pending"}, "provisioning")

    def _finish_provision(self):
        self.instance_id._update_provisioning_status({"provisioning"}, "ready")

    def _enter_reactivate(self):
        """Let it count as alive from here on: where this fails, it may end again."""
        self.instance_id._update_provisioning_status({"terminated"}, "ready")


def _find_reason(runtime, service, proxy):
    """Find out why a tenant is silent: what its runtime or its proxy says; or None.

    :param str service: its name outside
    """
    try:
        state = runtime.list_services().get(service)
        if state and state.message and not state.running:
            return InfraError(state.message)
        proxy.check()
    except InfraError as error:
        return error
    return None


def _join(reason, error):
    return RetryableInfraError(
        f"{reason.message} {error.message}.", reason.cure or error.cure
    )
