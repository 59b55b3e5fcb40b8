from odoo import api, models
from odoo.tools import SQL

# The role of the service `web` in the master's database (config/postgresql/roles.sql).
WEB_ROLE = "saas_web"


class SaasGuardedMixin(models.AbstractModel):
    """What the service `web` may write of guarded fields, said to the database.

    To code of our own a guarded field is closed in Python; whatever has taken `web`
    over asks PostgreSQL. What a model does not name here is written by `jobs` alone.
    """

    _inherit = "saas.guarded.mixin"

    # What requests change, and what they only ever give to a new record.
    _saas_web_writes = frozenset()
    _saas_web_creates = frozenset()

    @api.model
    def _grant_to_web(self):
        """Leave `web` those columns; run as the owner, after all other grants."""
        for model in self.env.values():
            if not model._abstract and getattr(model, "_saas_guarded", None):
                model._grant_columns_to_web()

    @api.model
    def _grant_columns_to_web(self):
        table, role = SQL.identifier(self._table), SQL.identifier(WEB_ROLE)
        # A row that is deleted and written anew would be another way to change it.
        if not self._may_be_deleted():
            self.env.cr.execute(SQL("REVOKE DELETE ON %s FROM %s", table, role))
        self.env.cr.execute(SQL("REVOKE INSERT, UPDATE ON %s FROM %s", table, role))
        changed, given = self._get_columns_of_web()
        for grant, names in (
            ("GRANT UPDATE (%s) ON %s TO %s", changed),
            ("GRANT INSERT (%s) ON %s TO %s", given),
        ):
            if names:
                columns = SQL(", ").join(map(SQL.identifier, sorted(names)))
                self.env.cr.execute(SQL(grant, columns, table, role))

    @api.model
    def _get_columns_of_web(self):
        """Return the columns that `web` may change, and those it may give."""
        columns = {
            field.name
            for field in self._fields.values()
            if field.store and field.column_type and field.name != "id"
        }
        opened = columns - self._saas_guarded | self._saas_web_writes
        changed = opened - {"create_uid", "create_date"}
        if changed == {"write_uid", "write_date"}:
            changed = set()
        return changed, opened | self._saas_web_creates

    @api.model
    def _may_be_deleted(self):
        """Tell whether people delete such records; what `jobs` deletes is its own."""
        rights = self.env["ir.model.access"].sudo()
        return rights.search_count(
            [("model_id.model", "=", self._name), ("perm_unlink", "=", True)], limit=1
        )
