from odoo import api, fields, models
from odoo.exceptions import UserError


class SaasApi(models.AbstractModel):
    """Kill Bill, for the command line; each answers with an inquiry to be read."""

    _inherit = "saas.api"

    @api.model
    def billing_setup(self):
        """Make the platform a tenant of its Kill Bill, and publish the plans."""
        return self._ask_killbill("killbill_setup")

    @api.model
    def billing_publish(self, prices_from=None, dry_run=False):
        """Publish plans, prices and overdue states.

        :param str prices_from: date or time in UTC from which on existing
            subscriptions pay new prices; without it they keep theirs
        """
        if dry_run:
            return self._ask_killbill("killbill_compare")
        moment = self._read_moment(prices_from) if prices_from else None
        return self._ask_killbill("killbill_publish", prices_from=moment)

    def _read_moment(self, text):
        try:
            return fields.Datetime.to_string(fields.Datetime.to_datetime(text))
        except ValueError as error:
            raise UserError(self.env._("%s is no date.", text)) from error

    def _ask_killbill(self, kind, **params):
        self._check_group("operator")
        server = self._choose("saas.killbill.server", None)
        inquiry = self.env["saas.inquiry"]._ask(kind, server=server.id, **params)
        return {"inquiry": inquiry.id}
