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
        cluster = self._setup_cluster(settings, region)
        self._ensure_one(
            "saas.storage",
            ("cluster_id", "root"),
            {
                "name": "local",
                "cluster_id": cluster.id,
                "root": settings["storage_root"],
            },
        )
        self._setup_server(settings, region)
        version = self._ensure_one("saas.odoo.version", ("name",), {"name": "19.0"})
        if version.image != (settings.get("image") or False):
            version._write_guarded({"image": settings.get("image")})

    def _setup_proxy(self, settings):
        values = {
            "name": "nginx",
            "kind": "nginx",
            "address": settings["proxy_address"],
            "port": settings["public_port"],
        }
        if settings["runtime"] == "swarm":
            values |= {
                "name": "traefik",
                "kind": "traefik",
                "scheme": settings["scheme"],
                "ca_certificate": settings["ca_certificate"],
                "redis_host": settings["redis_socket"],
                "admin_login": "saasodoo",
                "ping_url": settings["ping_url"],
            }
        proxy = self._ensure_one("saas.proxy", ("address", "port"), values)
        self._ensure_password(proxy, settings.get("redis_password"))
        return proxy

    def _setup_relay(self, settings):
        values = {
            "name": "local",
            "host": settings["mail_host"],
            "port": settings["mail_port"],
            "tls": settings["mail_tls"],
        }
        return self._ensure_one("saas.mail.relay", ("host", "port"), values)

    def _setup_cluster(self, settings, region):
        names = ("base_domain", "uid_base", "port_base", "port_count")
        cluster = self._ensure_one(
            "saas.cluster",
            ("name",),
            {
                "name": "local",
                "kind": settings["runtime"],
                "region_id": region.id,
                "proxy_id": self._setup_proxy(settings).id,
                "relay_id": self._setup_relay(settings).id,
                **{name: settings[name] for name in names},
            },
            # Another cluster may be given a part of them.
            {"uid_count": settings["uid_count"]},
        )
        node = {"name": settings["node"], "cluster_id": cluster.id}
        room = {key: settings[key] for key in ("cores", "memory_mb")}
        if settings["room_changed"]:
            node |= room
        self._ensure_one("saas.node", ("cluster_id", "name"), node, room)
        if settings["runtime"] == "swarm":
            cell = {"name": settings["cell"], "cluster_id": cluster.id}
            room = {"max_tenants": settings["cell_tenants"]}
            self._ensure_one("saas.cell", ("cluster_id", "name"), cell, room)
        return cluster

    def _setup_server(self, settings, region):
        values = {
            "name": "local",
            "region_id": region.id,
            "host": settings["database_host"],
            "port": settings["database_port"],
            "admin_login": settings["database_login"],
        }
        if settings["runtime"] == "swarm":
            values |= {
                "tenant_host": settings["database_tenant_host"],
                "tenant_port": settings["database_tenant_port"],
                "ca_certificate": settings["database_ca_certificate"],
            }
        server = self._ensure_one(
            "saas.database.server",
            ("host", "port"),
            values,
            {"max_connections": settings["database_max_connections"]},
        )
        self._ensure_password(server, settings["database_password"])

    def _ensure_password(self, record, password):
        if password and self._open_password(record) != password:
            record.admin_password = password

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
            # What people give once, set-up changes as root.
            getattr(found, "_write_guarded", found.write)(different)
        return found

    def _open_password(self, record):
        try:
            return record._get_admin_password()
        except InfraError:  # Sealed for another address, or with a key that is gone.
            return ""
