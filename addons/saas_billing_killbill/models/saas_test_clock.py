# Nobody waits for Kill Bill with its row locked.
# pylint: disable=invalid-commit
from datetime import UTC, datetime, timedelta

from odoo import api, fields, models, tools

from odoo.addons.saas_infra.drivers.errors import PermanentInfraError

from .saas_killbill_server import SaasKillbillServer as Base

SLACK = 60  # seconds that two clocks may differ and be the same
# What says by which clock things are due
CLOCK = frozenset({"is_in_test_mode", "clock_ahead", "is_production", "state"})


class SaasKillbillServer(models.Model):
    """Its test clock: what is due follows it, so that whole lives can be played."""

    _inherit = "saas.killbill.server"
    _saas_guarded = Base._saas_guarded | {"is_in_test_mode", "clock_ahead"}

    is_in_test_mode = fields.Boolean(
        string="In Test Mode", readonly=True, help="Its clock can be moved."
    )
    clock_ahead = fields.Integer(
        readonly=True, help="Seconds that its clock is ahead; negative where behind."
    )
    clock = fields.Datetime(
        string="Test Clock",
        compute="_compute_clock",
        help="Trials, terms, days of grace and of keeping data go by it here, too.",
    )

    @api.depends("clock_ahead")
    def _compute_clock(self):
        for server in self:
            server.clock = fields.Datetime.now() + timedelta(seconds=server.clock_ahead)

    def _read_clock(self, client):
        """See whether the clock can be moved, and where it stands.

        :param KillBill client: the way to it
        :raise PermanentInfraError: where real customers pay by a clock that is moved
        :return: what is written down of it
        :rtype: dict
        """
        if not client.clock.is_movable():
            return {"is_in_test_mode": False, "clock_ahead": 0}
        if self.is_production:
            raise PermanentInfraError(
                self.env._("%s is in test mode: its clock can be moved.", self.name),
                cure=self.env._(
                    "make up KILLBILL_TEST_MODE=0, or start it without "
                    "org.killbill.server.test.mode."
                ),
            )
        return {"is_in_test_mode": True, "clock_ahead": self._get_ahead(client)}

    def _follow_clock(self, client):
        """Note where the clock of a Kill Bill in test mode stands now.

        :param KillBill client: the way to it
        """
        if not self.is_in_test_mode or self.is_production:
            return
        ahead = self._get_ahead(client)
        if ahead != self.clock_ahead and self.try_lock_for_update():
            self._write_guarded({"clock_ahead": ahead})
            self.env.cr.commit()

    def _get_ahead(self, client):
        there = datetime.fromisoformat(client.clock.now())
        ahead = round((there - datetime.now(UTC)).total_seconds())
        # No row is written for a second that went by.
        return self.clock_ahead if abs(ahead - self.clock_ahead) < SLACK else ahead

    def write(self, vals):
        if CLOCK.intersection(vals):
            self.env.registry.clear_cache()
        return super().write(vals)

    @api.model
    @tools.ormcache()
    def _get_clock_ahead(self):
        """Return how far what is due is ahead of real time, in seconds."""
        domain = [
            ("is_in_test_mode", "=", True),
            ("is_production", "=", False),
            ("state", "=", "open"),
        ]
        return self.sudo().search(domain, limit=1).clock_ahead


class SaasGuardedMixin(models.AbstractModel):
    """What is due goes by a test clock, where there is one."""

    _inherit = "saas.guarded.mixin"

    @api.model
    def _saas_now(self):
        ahead = self.env["saas.killbill.server"]._get_clock_ahead()
        return super()._saas_now() + timedelta(seconds=ahead)
