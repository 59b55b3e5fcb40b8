from odoo import fields, models

# More at once have one cause, and managers are told of it in one mail.
FEW = 3
MOST_NAMED = 50


class SaasInstance(models.Model):
    _inherit = "saas.instance"

    down_since = fields.Datetime(
        readonly=True,
        copy=False,
        help="When it was seen to have died by itself; empty once it runs again, or "
        "once somebody changes it.",
    )

    def _update_status(self, allowed_from, target, message=None):
        moved = super()._update_status(allowed_from, target, message)
        fallen = moved.filtered("down_since")
        if fallen:
            fallen._write_guarded({"down_since": False})
        return moved

    def _fall(self, why):
        """Take in that it does not run any more.

        :param str why: what people read beside it
        :return: whether that is news
        """
        self.ensure_one()
        moved = self._update_status({"running"}, "error", why)
        if moved:
            moved._write_guarded({"down_since": fields.Datetime.now()})
        return bool(moved)

    def _rise(self):
        """Take in that it runs again."""
        self.ensure_one()
        if self._update_status({"error"}, "running"):
            text = self.env._("%s runs again.", self.subdomain)
            self.env["saas.alarm"]._log_once("instance_back", text, instance=self)


class SaasCluster(models.Model):
    _inherit = "saas.cluster"

    def _note_services(self, services, since):
        """Take in which tenants died or came back by themselves.

        Who is being changed, or was since the look, is left to the next one.

        :param dict services: ServiceState by name
        :param datetime since: before the look
        """
        self.ensure_one()
        fallen = []
        for instance in self._find_changed(services, since):
            state = services.get(instance.service)
            if state and state.running:
                instance._rise()
                continue
            why = state.message if state else self.env._("Its service is gone.")
            if instance._fall(why):
                fallen.append((instance, why))
        self._ring_for_fallen(fallen)

    def _find_changed(self, services, since):
        """Return who ran when last seen and does not now, and who did not run.

        Whom somebody else writes now is left out.
        """
        running = [name for name, state in services.items() if state.running]
        self.env.flush_all()
        self.env.cr.execute(
            """SELECT i.id FROM saas_instance i
                WHERE i.cluster_id = %s AND i.active AND i.ready_at IS NOT NULL
                  AND i.desired_status = 'running'
                  AND (i.status = 'running' AND i.service <> ALL(%s)
                       OR i.down_since IS NOT NULL)
                  AND NOT EXISTS (
                      SELECT FROM saas_operation o
                       WHERE o.instance_id = i.id
                         AND (o.state IN ('queued', 'running')
                              OR o.write_date >= %s))
                ORDER BY i.id
                  FOR NO KEY UPDATE OF i SKIP LOCKED""",
            [self.id, running, since],
            log_exceptions=False,  # A conflict is ordinary: the next look tells.
        )
        found = [instance for (instance,) in self.env.cr.fetchall()]
        return self.env["saas.instance"].browse(found)

    def _ring_for_fallen(self, fallen):
        alarm = self.env["saas.alarm"]
        for instance, why in fallen:
            subject = self.env._("%s does not run", instance.subdomain)
            if len(fallen) <= FEW:
                alarm._ring("instance_down", subject, why, instance=instance)
            else:
                alarm._log_once("instance_down", f"{subject}: {why}", instance=instance)
        if len(fallen) > FEW:
            lines = [f"{instance.subdomain}: {why}" for instance, why in fallen]
            subject = self.env._(
                "%(count)s instances of %(cluster)s do not run",
                count=len(fallen),
                cluster=self.name,
            )
            alarm._ring("instances_down", subject, "\n".join(lines[:MOST_NAMED]))
