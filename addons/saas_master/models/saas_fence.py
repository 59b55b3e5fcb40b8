# Commits so that no transaction is open while others are asked.
# pylint: disable=invalid-commit
import secrets

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import AccessError

from odoo.addons.saas_infra.drivers.errors import InfraError

EPOCH_PARAMETER = "saas_master.epoch"


class SaasFence(models.AbstractModel):
    """Which master holds the clusters: one that was restored or copied must see it.

    An epoch, a number and a random word, stands in the master's database and on each
    storage. The reconciliation starts a new one whenever an operation was at work since
    the last: an older dump has an older epoch from then on, and of two masters that
    were one the first to begin an epoch holds, the other one finds it.
    """

    _name = "saas.fence"
    _description = "Fence"

    @api.model
    def _find_stranger(self, storages):
        """Tell why this master must change nothing.

        A storage that cannot be read is left to whoever looks at its cluster.

        :param storages: ``saas.storage``
        :return: the trouble and its cure, empty where this master holds all of them
        """
        own = self._get_epoch()
        drivers = {storage.name: storage._get_driver() for storage in storages}
        self.env.cr.commit()
        for name, driver in drivers.items():
            try:
                found = driver.read_fence()
            except InfraError:
                continue
            if found and found != own and _number_of(found) >= _number_of(own):
                return self.env._(
                    "The storage %(name)s is held by the epoch %(found)s, this master "
                    "has %(own)s: it was restored from an older dump, or copied. Where "
                    "it is the one that counts from now on, run `make new-epoch` as "
                    "root, look at `saasctl reconcile --dry-run`, then unfreeze it. "
                    "Where it is a copy, shut it down.",
                    name=name,
                    found=found,
                    own=own or self.env._("none"),
                )
        return ""

    @api.model
    def _keep_epoch(self):
        """Begin a new epoch where anything was changed since the last.

        :return: the epoch that the storages are to be held by
        """
        self.env.flush_all()
        self.env.cr.execute(
            """SELECT EXISTS (SELECT FROM saas_operation o
                               WHERE o.write_date > p.write_date)
                 FROM ir_config_parameter p WHERE p.key = %s""",
            [EPOCH_PARAMETER],
        )
        row = self.env.cr.fetchone()
        return self._get_epoch() if row == (False,) else self._begin_epoch(0)

    @api.model
    def _take_over(self):
        """Let this master hold all storages from now on; a local command of root's.

        :return: the epoch, and by name why a storage could not be told
        """
        if self.env.uid != SUPERUSER_ID:
            raise AccessError(self.env._("Only a local root command begins an epoch."))
        storages = self.env["saas.storage"].search(
            [("is_marked", "=", True), ("state", "!=", "closed")]
        )
        drivers = {storage.name: storage._get_driver() for storage in storages}
        self.env.cr.commit()
        troubles, numbers = {}, [0]
        for name, driver in drivers.items():
            try:
                numbers.append(_number_of(driver.read_fence()))
            except InfraError as error:
                troubles[name] = str(error)
        epoch = self._begin_epoch(max(numbers))
        for name in drivers.keys() - troubles.keys():
            drivers[name].set_fence(epoch)
        self.env["saas.event"]._log(
            "epoch_begun", self.env._("This master took over: epoch %s.", epoch)
        )
        return epoch, troubles

    def _begin_epoch(self, after):
        """Begin an epoch, committed: the storages are never ahead of the database.

        :param int after: a number that the epoch's is above
        """
        number = max(after, _number_of(self._get_epoch())) + 1
        epoch = f"{number}-{secrets.token_hex(8)}"
        self.env["ir.config_parameter"].sudo().set_param(EPOCH_PARAMETER, epoch)
        self.env.cr.commit()
        return epoch

    def _get_epoch(self):
        # Not get_param: under a process that runs, a dump may be restored.
        parameters = self.env["ir.config_parameter"].sudo()
        return parameters.search([("key", "=", EPOCH_PARAMETER)], limit=1).value or ""


def _number_of(epoch):
    return int(epoch.partition("-")[0] or 0)
