# What is seen is committed by itself, as the other looks are.
# pylint: disable=invalid-commit
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools.misc import format_datetime

from .saas_operation import ACTIVE
from .saas_operation_run import CONFLICTS

_logger = logging.getLogger(__name__)

# How long people read of it after the last time.
LATELY = timedelta(days=1)


class SaasWatch(models.AbstractModel):
    _inherit = "saas.watch"

    def _take_in_kills(self, sight):
        """Write down who lacked memory and went on, by what a cluster counted.

        :param KillsSight sight: with the cluster's id as key
        """
        cluster = self.env["saas.cluster"].browse(sight.key).exists()
        try:
            for instance in cluster._find_counted(sight.killed):
                instance._note_killed(sight.killed[instance.service])
            self.env.cr.commit()
        except CONFLICTS as error:  # Somebody changes it now: the next look tells.
            self.env.cr.rollback()
            _logger.info("A look at cluster %s was left out: %s", sight.key, error)


class SaasCluster(models.Model):
    _inherit = "saas.cluster"

    def _find_counted(self, killed):
        """Find whose count may have changed; who is being changed has to wait.

        :param dict killed: how many processes lacked memory, by service
        """
        lacking = [name for name, count in killed.items() if count]
        found = self.env["saas.instance"].search(
            [
                ("cluster_id", "in", self.ids),
                ("operation_ids", "not any", [("state", "in", ACTIVE)]),
                "|",
                ("service", "in", lacking),
                ("killed_count", ">", 0),
            ]
        )
        return found.filtered(lambda instance: instance.service in killed)


class SaasInstance(models.Model):
    """A tenant of which a process was killed for want of memory, and that goes on."""

    _inherit = "saas.instance"

    killed_count = fields.Integer(
        readonly=True,
        copy=False,
        help="How many processes of its present container lacked memory, as last seen.",
    )
    memory_short_at = fields.Datetime(
        string="Short of Memory",
        readonly=True,
        copy=False,
        help="When a process of it was last ended for want of memory.",
    )
    warning = fields.Char(
        compute="_compute_warning",
        help="What its owner should know although it runs.",
    )

    @api.depends("memory_short_at", "memory_mb")
    def _compute_warning(self):
        since = self._saas_now() - LATELY
        for instance in self:
            moment = instance.memory_short_at
            instance.warning = (
                moment and moment > since and instance._describe_kill(moment)
            )

    def _describe_kill(self, moment):
        return self.env._(
            "On %(when)s a process of it wanted more memory than its plan has "
            "(%(memory)s MiB) and was ended; all else in it goes on. If that happens "
            "again, choose a larger plan.",
            when=format_datetime(self.env, moment),
            memory=self.memory_mb,
        )

    def _note_killed(self, count):
        """Take in how many processes lacked memory since its container started.

        :param int count: a smaller one than before is a new container's
        """
        self.ensure_one()
        if count == self.killed_count:
            return
        values = {"killed_count": count}
        if count > self.killed_count:
            values["memory_short_at"] = self._saas_now()
            text = self.env._(
                "A process of %s wanted more memory than its plan has and was ended.",
                self.subdomain,
            )
            self.env["saas.alarm"]._log_once("memory_short", text, instance=self)
        self._write_guarded(values)

    def _take_plan(self, plan):
        grows = plan.memory_mb > self.memory_mb
        result = super()._take_plan(plan)
        if grows:
            self._write_guarded({"memory_short_at": False})
        return result
