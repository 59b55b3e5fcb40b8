# Each sight is committed by itself, and no transaction is open while others are asked.
# pylint: disable=invalid-commit
import logging
import time
from datetime import UTC, datetime

from odoo import api, models

from odoo.addons.saas_infra.drivers.errors import InfraError
from odoo.addons.saas_infra.drivers.watch import (
    Watch,
    look_at_routes,
    look_at_usage,
)

from ..tools.queue import PRIORITIES, is_stopping
from .saas_operation_run import CONFLICTS

_logger = logging.getLogger(__name__)

# A job that ends now and then takes in new clusters, and holds no old snapshot.
SECONDS = 60
# Who is short of something goes on: it is told, and nothing waits for it.
USAGE_PAUSE = 10


class SaasWatch(models.AbstractModel):
    """Look at all clusters without pause, and write down what changed by itself.

    One job at a time, on a channel of its own: it always runs, and would take the
    place of those that people wait for. Nothing is repaired here.
    """

    _name = "saas.watch"
    _description = "Watch"
    _inherit = ["saas.guarded.mixin"]

    @api.model
    def _cron_watch(self):
        """Scheduled action: have a job watch, where the last one left none behind."""
        self._for_job().with_delay(
            channel="root.watch",
            priority=PRIORITIES["watch"],
            identity_key=self._name,  # None is queued beside one that still waits.
            max_retries=1,
        )._job_watch()

    def _job_watch(self):
        """Watch all clusters"""
        if self.env["saas.operation"]._is_frozen():
            return
        clusters, proxies = (
            self.env[model].search([("state", "!=", "closed")])
            for model in ("saas.cluster", "saas.proxy")
        )
        counting = clusters.filtered(lambda cluster: cluster._counts_shortages())
        runtimes, proxies, counting = map(
            self._get_drivers, (clusters, proxies, counting)
        )
        self.env.cr.commit()
        over = time.monotonic() + SECONDS
        with (
            Watch(runtimes) as watch,
            Watch(proxies, look=look_at_routes) as routes,
            Watch(counting, pause=USAGE_PAUSE, look=look_at_usage) as usage,
        ):
            while time.monotonic() < over and not is_stopping():
                if sight := watch.next(1):
                    self._take_in(sight)
                if sight := routes.next(0):
                    self._mend_routes(sight)
                if sight := usage.next(0):
                    self._take_in_usage(sight)
        self._cron_watch()

    def _get_drivers(self, places):
        drivers = {}
        for place in places:
            try:
                drivers[place.id] = place._get_driver()
            except InfraError as error:  # Reconciling rings.
                _logger.info("%s is not watched: %s", place.name, error)
        return drivers

    def _take_in(self, sight):
        """Write down what a look at a cluster found to have changed.

        A look that failed tells nothing of tenants; reconciling rings.

        :param Sight sight: with the cluster's id as key
        """
        cluster = self.env["saas.cluster"].browse(sight.key).exists()
        if sight.error or not cluster:
            return
        since = datetime.fromtimestamp(sight.at, UTC).replace(tzinfo=None)
        try:
            cluster._note_nodes(sight.nodes)
            # All gone at once: it is not the tenants that something is wrong with.
            if sight.services:
                cluster._note_services(sight.services, since)
            self.env.cr.commit()
        except CONFLICTS as error:  # Somebody changes it now: the next look tells.
            self.env.cr.rollback()
            _logger.info("A look at cluster %s was left out: %s", sight.key, error)
