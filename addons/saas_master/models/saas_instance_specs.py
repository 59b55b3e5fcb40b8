from odoo import models

from odoo.addons.saas_infra.drivers.specs import (
    Identity,
    Limits,
    RouteSpec,
    ServiceSpec,
)
from odoo.addons.saas_infra.drivers.tenant import TenantClient
from odoo.addons.saas_infra.tools.keys import get_sign_key, get_sign_public_key

# What visitors meet in an instance that stays as it is.
ROUTE_STATES = {"running": "running", "stopped": "stopped", "paused": "suspended"}


def limits_of(record):
    """Return what an instance may use, or what it may with a plan.

    :param record: a ``saas.instance`` or a ``saas.plan``
    :rtype: Limits
    """
    record.ensure_one()
    return make_limits(record.cpu_cores, record.memory_mb, record.storage_gb)


def make_limits(cpu_cores, memory_mb, storage_gb):
    """Return what a record with these values may use."""
    return Limits(
        cpu=cpu_cores, memory=memory_mb * 1024**2, storage=storage_gb * 1000**3
    )


class SaasInstance(models.Model):
    """What drivers are told about an instance."""

    _inherit = "saas.instance"

    def _get_limits(self):
        return limits_of(self)

    def _get_quota(self):
        return self._get_limits().storage

    def _get_connection_limit(self):
        return self.cluster_id._count_connections(self._get_limits())

    def _get_service_spec(self):
        self.ensure_one()
        host, port = self.database_server_id._get_tenant_address()
        return ServiceSpec(
            mark=self._get_mark(),
            name=self.service,
            uid=self.uid,
            port=self.port,
            database=self._get_database_spec(),
            database_host=host,
            database_port=port,
            directory=self._get_directory_spec(),
            limits=self._get_limits(),
            hostname=self.cluster_id._get_hostname(self.subdomain),
            base_url=self.url,
            proxy_secret=self._get_proxy_secret(),
            public_keys=(get_sign_public_key(),),
            mail=self._get_mail_spec(),
            **self._get_swarm_values(self.cell_id),
        )

    def _get_route_spec(self, state):
        """Describe the instance's route.

        :param str state: ``running``, ``starting``, ``stopped`` or ``suspended``
        """
        self.ensure_one()
        hostname = self.cluster_id._get_hostname
        old = self.subdomain_ids.filtered(
            lambda name: name.redirect_until and not name.is_over
        )
        return RouteSpec(
            mark=self._get_mark(),
            name=self.service,
            hosts=(hostname(self.subdomain),),
            upstream=self.cluster_id._get_upstream(self.service, self.port),
            websocket=self.cluster_id._get_websocket(self.service, self._get_limits()),
            secret=self._get_proxy_secret(),
            state=state,
            redirects=tuple(hostname(name) for name in old.mapped("name")),
            public_port=self.cluster_id.proxy_id.port,
        )

    def _get_identity(self):
        self.ensure_one()
        return Identity(
            instance_uuid=self.uuid,
            base_url=self.url,
            login=self.email,
            email=self.email,
            name=self.partner_id.name,
            company=self.partner_id.commercial_partner_id.name,
            lang=self.lang,
            country_code=self.country_id.code or "",
            tz=self.tz,
        )

    def _get_proxy_secret(self):
        return self._unseal(self.sudo().proxy_secret_sealed, "proxy", self.uuid)

    def _get_tenant_client(self, *, direct):
        """Build the client that talks to the tenant; replaced by tests.

        :param bool direct: straight to its port where the master can, else as visitors
            do by the proxy
        :raise PermanentInfraError: where the cluster or its proxy is closed
        """
        self.ensure_one()
        cluster, proxy = self.cluster_id, self.cluster_id.proxy_id
        (cluster if direct else proxy)._check_talked_to()
        host = cluster._get_hostname(self.subdomain)
        signer = {
            "host": host,
            "sign_key": get_sign_key(),
            "instance": self.uuid,
            "platform": self._get_mark().platform,
        }
        if direct and cluster._is_reached_directly():
            secret = self._get_proxy_secret()
            address = ("127.0.0.1", self.port)
            return TenantClient(address=address, secret=secret, **signer)
        address = (proxy.address, proxy.port)
        return TenantClient(address=address, tls=proxy._get_tls(), **signer)
