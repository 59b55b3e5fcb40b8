from odoo import models

from odoo.addons.saas_infra.drivers.specs import DatabaseSpec, DirectorySpec, Mark
from odoo.addons.saas_infra.tools.settings import get_settings


class SaasSpecsMixin(models.AbstractModel):
    """A record with a database and a directory of its own outside.

    It has the fields ``uuid``, ``database``, ``directory``, ``uid``, ``image``,
    ``database_server_id``, ``storage_id`` and ``password_sealed``.
    """

    _name = "saas.specs.mixin"
    _description = "Record with a database and a directory outside"
    _inherit = ["saas.sealed.mixin"]

    def _get_mark(self):
        self.ensure_one()
        return Mark(platform=get_settings().platform, instance=self.uuid)

    def _get_database_spec(self):
        """Return the database; its role has its name and owns the objects alone."""
        self.ensure_one()
        return DatabaseSpec(
            mark=self._get_mark(),
            name=self.database,
            role=self.database,
            password=self._unseal(self.sudo().password_sealed, "database", self.uuid),
            connection_limit=self._get_connection_limit(),
        )

    def _get_connection_limit(self):
        return DatabaseSpec.connection_limit

    def _get_directory_spec(self):
        self.ensure_one()
        return DirectorySpec(
            mark=self._get_mark(),
            name=self.directory,
            uid=self.uid,
            quota=self._get_quota(),
        )

    def _get_swarm_values(self, cells):
        """Return what a service's spec has beside, where it runs on a swarm.

        :param cells: the ``saas.cell`` that it joins
        """
        return {
            "database_ca": self.database_server_id.ca_certificate or "",
            "image": self.image or "",
            "networks": tuple(cells.mapped("name")),
            "storage_root": self.storage_id._get_tenant_root(),
        }

    def _get_quota(self):
        """Return how many bytes may be used; 0 is no limit."""
        return 0
