from odoo import models
from odoo.exceptions import UserError


class SaasPlaceMixin(models.AbstractModel):
    """Names of tenants are computed once: what they came from stays while they do.

    A model names those fields in ``_saas_fixed``.
    """

    _name = "saas.place.mixin"
    _inherit = ["saas.place.mixin", "saas.noted.mixin"]

    _saas_fixed = frozenset()

    def write(self, vals):
        for name in self._saas_fixed.intersection(vals):
            for place in self:
                if place[name] != vals[name] and place._is_used():
                    raise UserError(
                        self.env._(
                            "%(field)s of %(name)s stays while anything lives there: "
                            "add another one instead.",
                            field=self._fields[name]._description_string(self.env),
                            name=place.name,
                        )
                    )
        return super().write(vals)

    def _is_used(self):
        """Tell whether a tenant, a terminated one too, lives here."""
        raise NotImplementedError

    def _has(self, model, field, *more):
        domain = [(field, "in", self.ids), *more]
        return bool(self.env[model].sudo().search_count(domain, limit=1))


class SaasRegion(models.Model):
    _name = "saas.region"
    _inherit = ["saas.region", "saas.noted.mixin"]


class SaasNode(models.Model):
    _name = "saas.node"
    _inherit = ["saas.node", "saas.noted.mixin"]


class SaasCell(models.Model):
    _name = "saas.cell"
    _inherit = ["saas.cell", "saas.noted.mixin"]


class SaasCluster(models.Model):
    _name = "saas.cluster"
    _inherit = ["saas.cluster", "saas.guarded.mixin"]

    _saas_fixed = frozenset({"base_domain"})
    _saas_given = frozenset({"remote_address", "relay_id"})
    _saas_web_creates = _saas_guarded = _saas_given

    def _is_used(self):
        return self._has("saas.instance", "cluster_id")


class SaasDatabaseServer(models.Model):
    _name = "saas.database.server"
    _inherit = ["saas.database.server", "saas.guarded.mixin"]

    _saas_given = frozenset({"tenant_host", "tenant_port", "ca_certificate"})
    _saas_web_creates = _saas_guarded = _saas_given


class SaasMailRelay(models.Model):
    _name = "saas.mail.relay"
    _inherit = ["saas.mail.relay", "saas.guarded.mixin"]

    _saas_given = frozenset({"host", "port", "tls"})
    _saas_web_creates = _saas_guarded = _saas_given


class SaasStorage(models.Model):
    _name = "saas.storage"
    _inherit = ["saas.storage", "saas.guarded.mixin"]

    _saas_fixed = frozenset({"root"})
    _saas_given = frozenset({"remote_address"})
    _saas_web_creates = _saas_given | {"uuid"}
    # When the next snapshot is due is seen by the last.
    _saas_guarded = _saas_web_creates | {"is_marked", "last_snapshot", "snapshots"}

    def _is_used(self):
        return self._has("saas.instance", "storage_id") or self._has(
            "saas.template", "storage_id", ("state", "!=", "removed")
        )
