# What is seen is committed by itself, as the other looks are.
# pylint: disable=invalid-commit
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools.misc import format_datetime

from odoo.addons.saas_infra.drivers.specs import MOST_PROCESSES

from .saas_operation import ACTIVE
from .saas_operation_run import CONFLICTS

_logger = logging.getLogger(__name__)

# How long people read of it after the last time.
LATELY = timedelta(days=1)


class SaasWatch(models.AbstractModel):
    _inherit = "saas.watch"

    def _take_in_usage(self, sight):
        """Write down who was short of something and went on, as a cluster counted.

        :param UsageSight sight: with the cluster's id as key
        """
        cluster = self.env["saas.cluster"].browse(sight.key).exists()
        try:
            for instance in cluster._find_counted(sight.usage):
                instance._note_shortages(sight.usage[instance.service])
            self.env.cr.commit()
        except CONFLICTS as error:  # Somebody changes it now: the next look tells.
            self.env.cr.rollback()
            _logger.info("A look at cluster %s was left out: %s", sight.key, error)


class SaasCluster(models.Model):
    _inherit = "saas.cluster"

    def _find_counted(self, usage):
        """Find whose counts may have changed; who is being changed has to wait.

        :param dict usage: by service
        """
        short = [name for name, used in usage.items() if used.killed or used.refused]
        found = self.env["saas.instance"].search(
            [
                ("cluster_id", "in", self.ids),
                ("operation_ids", "not any", [("state", "in", ACTIVE)]),
                "|",
                ("service", "in", short),
                "|",
                ("killed_count", ">", 0),
                ("refused_count", ">", 0),
            ]
        )
        return found.filtered(lambda instance: instance.service in usage)


class SaasInstance(models.Model):
    """A tenant that was short of memory or of processes, and that goes on."""

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
    refused_count = fields.Float(
        readonly=True,
        copy=False,
        help="How often its present container wanted more processes than an instance "
        "may have, as last seen.",
    )
    processes_short_at = fields.Datetime(
        string="Short of Processes",
        readonly=True,
        copy=False,
        help="When it last wanted more processes than an instance may have.",
    )
    warning = fields.Char(
        compute="_compute_warning",
        help="What its owner should know although it runs.",
    )

    @api.depends("memory_short_at", "processes_short_at", "memory_mb")
    def _compute_warning(self):
        for instance in self:
            instance.warning = " ".join(instance._describe_shortages()) or False

    def _describe_shortages(self):
        """Say in a sentence each what it was short of lately."""
        since = fields.Datetime.now() - LATELY
        described = (
            (self.memory_short_at, self._describe_killed),
            (self.processes_short_at, self._describe_refused),
        )
        for moment, describe in described:
            if moment and moment > since:
                yield describe(format_datetime(self.env, moment))

    def _describe_killed(self, when):
        return self.env._(
            "On %(when)s a process of it wanted more memory than its plan has "
            "(%(memory)s MiB) and was ended; all else in it goes on. If that happens "
            "again, choose a larger plan.",
            when=when,
            memory=self.memory_mb,
        )

    def _describe_refused(self, when):
        return self.env._(
            "On %(when)s it had as many processes as an instance may have (%(most)s), "
            "and was refused more; all else in it goes on. If that happens again, "
            "something in it starts one after the other: a restart ends them.",
            when=when,
            most=MOST_PROCESSES,
        )

    def _note_shortages(self, used):
        """Take in what it was short of since its container started.

        :param Usage used: what it uses; counts smaller than before are of a new
            container
        """
        self.ensure_one()
        self._note_count(
            "memory_short",
            ("killed_count", used.killed),
            self.env._(
                "A process of %s wanted more memory than its plan has and was ended.",
                self.subdomain,
            ),
        )
        self._note_count(
            "processes_short",
            ("refused_count", used.refused),
            self.env._(
                "%s wanted more processes than an instance may have and was refused.",
                self.subdomain,
            ),
        )

    def _note_count(self, shortage, counted, text):
        field, count = counted
        if count == self[field]:
            return
        values = {field: count}
        if count > self[field]:
            values[f"{shortage}_at"] = fields.Datetime.now()
            self.env["saas.alarm"]._log_once(shortage, text, instance=self)
        self._write_guarded(values)

    def _take_plan(self, plan):
        grows = plan.memory_mb > self.memory_mb
        result = super()._take_plan(plan)
        if grows:
            self._write_guarded({"memory_short_at": False})
        return result
