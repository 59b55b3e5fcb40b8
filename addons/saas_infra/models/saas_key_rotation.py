# Commits in batches: rows are not locked longer than they must be.
# pylint: disable=invalid-commit
from psycopg2 import errors

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..drivers.errors import PermanentInfraError
from ..tools.keys import get_keyring, get_sealer
from .saas_sealed_mixin import KEY_PARAMETER

BATCH = 200
MAX_CONFLICTS = 50


class SaasKeyRotation(models.AbstractModel):
    """Seal all secrets with another key while the services run.

    Called by a local command of root's (scripts/setup/rotation.py) in a shell of
    `jobs`; each part may be run again after a death.
    """

    _name = "saas.key.rotation"
    _description = "Key Rotation"

    @api.model
    def _announce(self, key_id):
        """Let services start with the new key as well as with the old one.

        :param str key_id: the new key's fingerprint
        """
        self._check_local()
        if key_id not in get_keyring().key_ids:
            raise PermanentInfraError(f"`jobs` cannot open what {key_id} sealed.")
        parameters = self.env["ir.config_parameter"].sudo()
        known = (parameters.get_param(KEY_PARAMETER) or "").split()
        if key_id not in known:
            parameters.set_param(KEY_PARAMETER, " ".join([*known, key_id]))

    @api.model
    def _reseal(self):
        """Seal with the present key what an earlier one sealed.

        :return: how many secrets were sealed again, and how many no key here opens
        """
        self._check_local()
        self.env.flush_all()
        columns = self._get_columns()
        count = sum(self._reseal_column(*column) for column in columns)
        self.env.invalidate_all()
        return count, sum(self._count_others(*column) for column in columns)

    @api.model
    def _finish(self):
        """Forget the earlier keys.

        :raise PermanentInfraError: where something is still sealed with one of them
        """
        self._check_local()
        for table, column in self._get_columns():
            if self._find_old(table, column):
                raise PermanentInfraError(
                    f"{table}.{column} is still sealed with an earlier key.",
                    cure="Run `make rotate-key` again.",
                )
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param(KEY_PARAMETER, get_sealer().key_id)

    def _check_local(self):
        if self.env.uid != SUPERUSER_ID:
            raise AccessError(self.env._("Only a local root command rotates keys."))

    def _get_columns(self):
        """Return every column of sealed secrets, as pairs of table and column."""
        tables = (
            model
            for model in map(self.env.get, self.env.registry)
            if model._auto and not model._abstract
        )
        return sorted(
            {
                (model._table, name)
                for model in tables
                for name, field in model._fields.items()
                if name.endswith("_sealed") and field.store and field.column_type
            }
        )

    def _reseal_column(self, table, column):
        count = conflicts = 0
        while rows := self._find_old(table, column):
            try:
                for record, sealed in rows:
                    self._reseal_row(table, column, record, sealed)
                self.env.cr.commit()
                count += len(rows)
            except (errors.SerializationFailure, errors.DeadlockDetected):
                self.env.cr.rollback()  # Somebody changed one of them: look again.
                conflicts += 1
                if conflicts > MAX_CONFLICTS:
                    raise
        return count

    def _reseal_row(self, table, column, record, sealed):
        try:
            opened = get_keyring().open(sealed)  # With its purpose: that stays.
        except PermanentInfraError as error:
            raise PermanentInfraError(
                f"{table}.{column} of {record}: {error.message}",
                cure="Enter that secret again, then run `make rotate-key` again.",
            ) from error
        names = SQL.identifier(table), SQL.identifier(column)
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET %s = %s WHERE id = %s",
                *names,
                get_sealer().seal(opened),
                record,
            )
        )

    def _find_old(self, table, column):
        """Return some rows that an earlier key which we have sealed."""
        old = get_keyring().key_ids - {get_sealer().key_id}
        name = SQL.identifier(column)
        self.env.cr.execute(
            SQL(
                "SELECT id, %s FROM %s "
                "WHERE split_part(%s, ':', 1) = ANY (%s) ORDER BY id LIMIT %s",
                name,
                SQL.identifier(table),
                name,
                list(old),
                BATCH,
            )
        )
        return self.env.cr.fetchall()

    def _count_others(self, table, column):
        name = SQL.identifier(column)
        self.env.cr.execute(
            SQL(
                "SELECT count(*) FROM %s WHERE split_part(%s, ':', 1) <> %s",
                SQL.identifier(table),
                name,
                get_sealer().key_id,
            )
        )
        return self.env.cr.fetchone()[0]
