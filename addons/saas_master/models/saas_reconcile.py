# Commits so that no transaction is open while others are asked.
# pylint: disable=invalid-commit
import logging
from collections import namedtuple
from dataclasses import dataclass, field

from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.saas_infra.drivers.errors import InfraError

from ..operations.playbooks import PLAYBOOKS

_logger = logging.getLogger(__name__)

# More drift than this is a fault of the look, or a disaster: nothing to repair alone.
DRIFT_FLOOR = 20
DRIFT_SHARE = 0.05
# What runs is repaired in vain so many times a day, then people look.
MAX_REPAIRS = 3

Wanted = namedtuple(
    "Wanted",
    "id uuid subdomain status service database directory server storage mails "
    "may_send has_login given_up old_names leading limits connections websocket host",
)
Drift = namedtuple("Drift", "id subdomain status kind why")


@dataclass
class Reality:
    """What the listings of one cluster found, by name."""

    services: dict
    secrets: dict
    routes: dict
    logins: dict | None = None  # where there is no relay, or it is not talked to
    databases: dict = field(default_factory=dict)
    roles: dict = field(default_factory=dict)
    directories: dict = field(default_factory=dict)


class SaasReconcile(models.AbstractModel):
    """Compare what is wanted with what is there, in bulk.

    One listing a cluster and a storage, one query a database server; it writes only
    where something drifted. Databases and files are never made or dropped here.
    """

    _name = "saas.reconcile"
    _description = "Reconciliation"

    @api.model
    def _reconcile(self, dry_run=False):
        """Look at every cluster, open repairs, report what belongs to nobody.

        :param bool dry_run: only say what would be repaired
        :return: repaired, lost, orphans and alarms, as lists of texts
        """
        report = {
            "compared": 0,
            "repaired": [],
            "lost": [],
            "orphans": [],
            "alarms": [],
        }
        if self.env["saas.operation"]._is_frozen() and not dry_run:
            report["alarms"].append(self.env._("The platform is frozen."))
            return report
        clusters = self.env["saas.cluster"].search([("state", "!=", "closed")])
        stranger = self.env["saas.fence"]._find_stranger(self._get_storages(clusters))
        if stranger:
            self._stop_everything(report, stranger, dry_run)
            return report
        epoch = "" if dry_run else self.env["saas.fence"]._keep_epoch()
        for cluster in clusters:
            since = self.env.cr.now()
            try:
                reality = self._look(cluster, epoch)
            except InfraError as error:
                self._alarm(report, cluster, str(error), dry_run)
                continue
            self._compare(cluster, reality, since, report, dry_run)
        report["orphans"] = sorted(set(report["orphans"]))
        if not dry_run:
            self._ring_for_orphans(report)
        return report

    @api.model
    def _cron_reconcile(self):
        """Scheduled action: reconcile all clusters."""
        self._reconcile()

    # === LOOKING === #

    def _look(self, cluster, epoch=""):
        """List what is there; a listing that fails raises, it is never empty.

        :param str epoch: what the storages are to be held by; empty writes nothing
        :raise InfraError: where something does not answer or is not ours
        """
        servers = self._get_servers(cluster)
        storages = self._get_storages(cluster)
        runtime, proxy = cluster._get_driver(), cluster.proxy_id._get_driver()
        relay = cluster.relay_id.filtered(lambda one: one.state != "closed")
        relay_driver = relay and relay._get_driver()
        server_drivers = {server.id: server._get_driver() for server in servers}
        storage_drivers = {storage.id: storage._get_driver() for storage in storages}
        self.env.cr.commit()  # No transaction stays open while others are asked.
        for driver in storage_drivers.values():
            driver.check()
            if epoch:
                driver.set_fence(epoch)
        return Reality(
            services=runtime.list_services(),
            secrets=runtime.list_secrets(),
            routes=proxy.list_routes(),
            logins=relay_driver.list_logins() if relay_driver else None,
            databases={
                key: driver.list_databases() for key, driver in server_drivers.items()
            },
            roles={key: driver.list_roles() for key, driver in server_drivers.items()},
            directories={
                key: driver.list_directories()
                for key, driver in storage_drivers.items()
            },
        )

    def _get_storages(self, clusters):
        return clusters.storage_ids.filtered(
            lambda one: one.is_marked and one.state != "closed"
        )

    def _get_servers(self, cluster):
        used = self.env["saas.instance"]._read_group(
            [("cluster_id", "=", cluster.id)], ["database_server_id"]
        )
        servers = self.env["saas.database.server"].browse(
            [server.id for (server,) in used if server]
        )
        return servers.filtered(lambda server: server.state != "closed")

    def _get_wanted(self, cluster, since):
        """Read all placed instances of a cluster that nothing has changed since.

        What is on its way elsewhere is left out: an operation of it failed or waits.
        What failed to begin to serve is in it: it may have come to itself. What was
        seen to have died should run.

        :param datetime since: before the look; what changed later is not in it
        """
        self.env.flush_all()
        # An old name that is over may lead there until somebody releases it.
        self.env.cr.execute(
            """SELECT i.id, i.uuid, i.subdomain,
                      CASE WHEN i.down_since IS NULL THEN i.status
                           ELSE 'running' END AS status,
                      i.service, i.database, i.directory,
                      i.database_server_id AS server, i.storage_id AS storage,
                      i.mails_per_day AS mails, i.may_send_mail AS may_send,
                      i.mail_password_sealed IS NOT NULL AS has_login,
                      COALESCE(vain.times, 0) >= %(most)s AS given_up,
                      old.names AS old_names, old.leading,
                      i.cpu_cores, i.memory_mb, i.storage_gb
                 FROM saas_instance i
                 LEFT JOIN (
                      SELECT instance_id, count(*) AS times FROM saas_operation
                       WHERE kind IN ('repair', 'repair_limits') AND state = 'failed'
                         AND write_date > %(since)s - interval '1 day'
                       GROUP BY instance_id) vain ON vain.instance_id = i.id
                 LEFT JOIN (
                      SELECT instance_id, array_agg(name) AS names,
                             array_agg(name) FILTER (
                                 WHERE redirect_until > %(now)s) AS leading
                        FROM saas_subdomain WHERE redirect_until IS NOT NULL
                       GROUP BY instance_id) old ON old.instance_id = i.id
                WHERE i.cluster_id = %(cluster)s AND i.active
                  AND i.ready_at IS NOT NULL
                  AND (i.status IN ('running', 'stopped', 'paused', 'terminated')
                       AND i.status = i.desired_status
                       OR i.down_since IS NOT NULL AND i.desired_status = 'running'
                       OR i.status = 'error' AND i.desired_status = 'running')
                  AND NOT EXISTS (
                      SELECT FROM saas_operation o
                       WHERE o.instance_id = i.id
                         AND (o.state IN ('queued', 'running')
                              OR o.write_date >= %(since)s))""",
            {
                "cluster": cluster.id,
                "since": since,
                "most": MAX_REPAIRS,
                "now": self.env["saas.instance"]._saas_now(),
            },
        )
        return [self._make_wanted(cluster, row) for row in self.env.cr.dictfetchall()]

    # === COMPARING === #

    def _compare(self, cluster, reality, since, report, dry_run):
        wanted = self._get_wanted(cluster, since)
        report["compared"] += len(wanted)
        found = [
            Drift(one.id, one.subdomain, one.status, *difference)
            for one in wanted
            if (difference := self._get_difference(one, reality))
        ]
        report["orphans"] += self._find_orphans(reality, since)
        # That much comes back at once after a disaster is no disaster.
        back = [one for one in found if one.status == "error" and one.kind]
        drifted = [one for one in found if one not in back]
        limit = max(DRIFT_FLOOR, DRIFT_SHARE * len(wanted))
        if len(drifted) > limit or (drifted and self._is_blind(reality, wanted)):
            self._alarm(
                report,
                cluster,
                self.env._(
                    "%(drifted)s of %(all)s instances seem to have drifted: nothing "
                    "was repaired. Look at the cluster first.",
                    drifted=len(drifted),
                    all=len(wanted),
                ),
                dry_run,
            )
            return
        for drift in drifted + back[:DRIFT_FLOOR]:
            self._repair(drift, report, dry_run)

    # === ACTING === #

    def _repair(self, drift, report, dry_run):
        instance = self.env["saas.instance"].browse(drift.id)
        text = f"{drift.subdomain}: {drift.why}"
        if not drift.kind:
            report["lost"].append(text)
            if not dry_run:
                self.env["saas.alarm"]._ring(
                    "data_lost", self.env._("Data is gone"), text, instance=instance
                )
            return
        try:
            if not dry_run:
                instance._request(drift.kind, reason=drift.why)
            elif refusal := instance._get_refusal(PLAYBOOKS[drift.kind]):
                raise UserError(refusal)
        except UserError as error:  # Somebody changes it now: the next look tells.
            _logger.info("%s is not repaired: %s", drift.subdomain, error)
            return
        report["repaired"].append(text)

    def _alarm(self, report, cluster, text, dry_run):
        report["alarms"].append(f"{cluster.name}: {text}")
        if dry_run:
            return
        self.env["saas.alarm"]._ring(
            "reconcile_stopped",
            self.env._("Reconciling %s stopped", cluster.name),
            text,
        )

    def _stop_everything(self, report, text, dry_run):
        """Ring, and let nothing change until somebody looked."""
        report["alarms"].append(text)
        if dry_run:
            return
        subject = self.env._("Reconciling stopped")
        self.env["saas.alarm"]._ring("reconcile_stopped", subject, text)
        self.env["saas.operation"]._freeze(text)


class SaasInquiry(models.Model):
    _inherit = "saas.inquiry"

    def _answer_reconcile(self, dry_run=False):
        return self.env["saas.reconcile"]._reconcile(dry_run=dry_run)
