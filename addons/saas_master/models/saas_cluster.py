from odoo import api, models

from odoo.addons.saas_infra.drivers.errors import InfraError


class SaasCluster(models.Model):
    _inherit = "saas.cluster"

    @api.model
    def _setup_embedded(self, settings):
        """Write down the infrastructure that this machine was set up with.

        Idempotent: the same settings change nothing.

        :param dict settings: what ``scripts/setup/first_steps.py`` tells
        """
        region = self._ensure_one(
            "saas.region", ("code",), {"code": "local", "name": "This machine"}
        )
        proxy = self._ensure_one(
            "saas.proxy",
            ("address", "port"),
            {
                "name": "nginx",
                "kind": "nginx",
                "address": settings["proxy_address"],
                "port": settings["public_port"],
            },
        )
        cluster = self._ensure_one(
            "saas.cluster",
            ("name",),
            {
                "name": "local",
                "kind": "process",
                "region_id": region.id,
                "proxy_id": proxy.id,
                **{
                    key: settings[key]
                    for key in (
                        "base_domain",
                        "uid_base",
                        "uid_count",
                        "port_base",
                        "port_count",
                    )
                },
            },
        )
        node = {"name": "localhost", "cluster_id": cluster.id}
        room = {key: settings[key] for key in ("cores", "memory_mb")}
        if settings["room_changed"]:
            node |= room
        self._ensure_one("saas.node", ("cluster_id", "name"), node, room)
        self._ensure_one(
            "saas.storage",
            ("cluster_id", "root"),
            {
                "name": "local",
                "cluster_id": cluster.id,
                "root": settings["storage_root"],
            },
        )
        server = self._ensure_one(
            "saas.database.server",
            ("host", "port"),
            {
                "name": "local",
                "region_id": region.id,
                "host": settings["database_host"],
                "port": settings["database_port"],
                "admin_login": settings["database_login"],
            },
            {"max_connections": settings["database_max_connections"]},
        )
        if self._open_password(server) != settings["database_password"]:
            server.admin_password = settings["database_password"]
        self._ensure_one("saas.odoo.version", ("name",), {"name": "19.0"})

    def _ensure_one(self, model, keys, values, at_first=None):
        """Find the record, an archived one too, or create it; write what differs.

        :param tuple keys: the fields that tell it from others
        :param dict at_first: what people may change from then on
        """
        records = self.env[model].with_context(active_test=False)
        found = records.search([(key, "=", values[key]) for key in keys], limit=1)
        if not found:
            return records.create(values | (at_first or {}))
        different = {
            name: value
            for name, value in values.items()
            if found._fields[name].convert_to_write(found[name], found) != value
        }
        if different:
            found.write(different)
        return found

    def _open_password(self, server):
        try:
            return server._get_admin_password()
        except InfraError:  # Sealed for another address, or with a key that is gone.
            return ""
