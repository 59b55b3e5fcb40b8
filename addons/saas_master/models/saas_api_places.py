from odoo import api, models


class SaasApi(models.AbstractModel):
    """Places that are added at the command line."""

    _inherit = "saas.api"

    @api.model
    def server_add(
        self,
        name,
        region,
        host,
        port,
        admin_login,
        admin_password,
        max_databases=None,
        max_connections=None,
        max_gigabytes=None,
        dry_run=False,
    ):
        """Add a database server; its password is sealed at once."""
        self._check_group("operator")
        with self._tried(dry_run):
            server = self.env["saas.database.server"].create(
                {
                    **self._given(
                        max_databases=max_databases,
                        max_connections=max_connections,
                        max_gigabytes=max_gigabytes,
                    ),
                    "name": name,
                    "region_id": self._find_region(region).id,
                    "host": host,
                    "port": port,
                    "admin_login": admin_login,
                    "admin_password": admin_password,
                }
            )
            if dry_run:
                return self._describe_deeds([self.env._("Add the server %s.", name)])
        return {"id": server.id, "name": server.name}

    def _given(self, **values):
        return {name: value for name, value in values.items() if value is not None}

    @api.model
    def storage_add(
        self,
        name,
        cluster,
        root,
        kind=None,
        tenant_root=None,
        address=None,
        private_key=None,
        host_key=None,
        max_tenants=None,
        max_gigabytes=None,
        dry_run=False,
    ):
        """Add a storage to a cluster, and have it marked.

        Where only the mark failed, the same call asks for it again.

        :param str kind: directory or cephfs
        :param str tenant_root: where the nodes of a swarm mount it, if elsewhere
        :param str address: ssh://… of the machine that has it mounted, if not this
        """
        self._check_group("operator")
        cluster = self._find("saas.cluster", [("name", "=", cluster)], f"{cluster}")
        with self._tried(dry_run):
            storage = cluster.storage_ids.filtered(
                lambda one: not one.is_marked and (one.name, one.root) == (name, root)
            ) or self.env["saas.storage"].create(
                {
                    **self._given(
                        kind=kind,
                        tenant_root=tenant_root,
                        remote_address=address,
                        remote_key=private_key,
                        remote_host_key=host_key,
                        max_tenants=max_tenants,
                        max_gigabytes=max_gigabytes,
                    ),
                    "name": name,
                    "cluster_id": cluster.id,
                    "root": root,
                }
            )
            if dry_run:
                return self._describe_deeds(
                    [
                        self.env._("Add the storage %s.", name),
                        self.env._("Mark %s as ours.", root),
                    ]
                )
        inquiry = storage._ask_for_connection()
        return {"id": storage.id, "name": storage.name, "inquiry": inquiry.id}

    @api.model
    def cluster_add(
        self,
        name,
        region,
        base_domain,
        proxy,
        address,
        private_key=None,
        certificate=None,
        authority=None,
        host_key=None,
        cell=None,
        uid_base=None,
        uid_count=None,
        dry_run=False,
    ):
        """Add a swarm, and try to reach it; its key is sealed at once.

        :param str proxy: the proxy's name
        :param str address: of its engine: tcp://… or ssh://…
        :param str private_key: of the certificate, or of SSH
        :param str cell: name of the overlay network that tenants join
        """
        self._check_group("operator")
        clusters = self.env["saas.cluster"]
        proxy = self._find("saas.proxy", [("name", "=", proxy)], f"proxy {proxy}")
        with self._tried(dry_run):
            cluster = clusters.create(
                {
                    **self._given(
                        remote_key=private_key,
                        engine_certificate=certificate,
                        engine_authority=authority,
                        remote_host_key=host_key,
                        uid_count=uid_count,
                    ),
                    "name": name,
                    "kind": "swarm",
                    "region_id": self._find_region(region).id,
                    "base_domain": base_domain,
                    "proxy_id": proxy.id,
                    "remote_address": address,
                    "uid_base": uid_base or clusters._get_free_uid(),
                    "cell_ids": [(0, 0, {"name": cell})] if cell else [],
                }
            )
            if dry_run:
                return self._describe_deeds([self.env._("Add the cluster %s.", name)])
        inquiry = cluster._ask_for_connection()
        return {"id": cluster.id, "name": cluster.name, "inquiry": inquiry.id}
