import json
import logging
import os
import sys

from odoo import api, models

from ..drivers.errors import InfraError, PermanentInfraError
from ..tools.keys import get_keyring, get_sealer
from ..tools.settings import get_settings

_logger = logging.getLogger(__name__)

KEY_PARAMETER = "saas_infra.seal_key_id"


class SaasSealedMixin(models.AbstractModel):
    """Secrets in a row: anyone seals, only the service `jobs` opens.

    What a secret is for is sealed with it. `web` can write rows: a secret that it moved
    to another row or column, or whose address it changed, does not open.
    """

    _name = "saas.sealed.mixin"
    _description = "Record with sealed secrets"

    @api.model
    def _seal(self, secret, *purpose):
        """Seal a text for a column.

        :param str secret: the text
        :param purpose: what it is for: plain values
        :return: ``<key id>:<base64>``, or False for an empty text
        """
        return get_sealer().seal(json.dumps([purpose, secret])) if secret else False

    @api.model
    def _unseal(self, sealed, *purpose):
        """Open a sealed column; only ``jobs`` can.

        :param str sealed: the column's value
        :param purpose: the same as when it was sealed
        :raise PermanentInfraError: where the key is not at hand, or it is for another
        """
        if not sealed:
            return ""
        sealed_for, secret = json.loads(get_keyring().open(sealed))
        if sealed_for != [*purpose]:
            raise PermanentInfraError(
                "This secret was sealed for another record or address.",
                cure="Enter the password again where the address was changed.",
            )
        return secret

    def _register_hook(self):
        super()._register_hook()
        if get_settings().service:
            self._check_platform_key()

    @api.model
    def _check_platform_key(self):
        """Refuse to start with another key than the database was sealed with.

        :raise SystemExit: the process ends; its log has both fingerprints and the cure
        """
        try:
            problem = self._find_key_problem()
        except InfraError as error:
            problem = str(error)
        if problem:
            _logger.critical(problem)
            sys.stderr.write(f"{problem}\n")
            # An exception of any other kind is caught, and Odoo answers 500 for ever.
            raise SystemExit(os.EX_CONFIG)

    @api.model
    def _find_key_problem(self):
        parameters = self.env["ir.config_parameter"].sudo()
        # Two of them while keys are rotated: a service may start with either.
        known = (parameters.get_param(KEY_PARAMETER) or "").split()
        held = get_sealer().key_id
        if not known:
            parameters.set_param(KEY_PARAMETER, held)
            return ""
        names = " and ".join(known)
        if held not in known:
            problem = f"is sealed with key {names}, but this service has {held}"
        elif get_settings().service == "jobs" and {*known} - get_keyring().key_ids:
            opens = ", ".join(sorted(get_keyring().key_ids)) or "none"
            problem = f"is sealed with key {names}, but `jobs` can only open {opens}"
        else:
            return ""
        return (
            f"The database {self.env.cr.dbname} {problem}. Put the right key "
            "back into the folder of keys, then start the service again."
        )
