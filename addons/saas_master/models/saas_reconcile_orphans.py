from odoo import models

ORPHANS_PARAMETER = "saas_master.known_orphans"
MOST_NAMED = 50


class SaasReconcile(models.AbstractModel):
    """What carries our mark outside and belongs to nobody: told, never touched."""

    _inherit = "saas.reconcile"

    def _find_orphans(self, reality, since):
        """Name outside objects with our mark that no record knows.

        :param datetime since: before the look; what was purged later was in it
        """
        listings = [reality.services, reality.routes, reality.logins or {}]
        for kind in (reality.databases, reality.roles, reality.directories):
            listings += kind.values()
        found = {
            name: state.mark.instance
            for listing in listings
            for name, state in listing.items()
        }
        found |= {name: mark.instance for name, mark in reality.secrets.items()}
        self.env.cr.execute(
            """SELECT uuid FROM saas_instance WHERE active OR write_date >= %s
               UNION ALL SELECT uuid FROM saas_template""",
            [since],
        )
        known = {uuid for (uuid,) in self.env.cr.fetchall()}
        return sorted(name for name, uuid in found.items() if uuid not in known)

    def _ring_for_orphans(self, report):
        """Ring where orphans came to those that were told of before."""
        parameters = self.env["ir.config_parameter"].sudo()
        known = {*(parameters.get_param(ORPHANS_PARAMETER) or "").split()}
        found = {*report["orphans"]}
        if found - known:
            names = ", ".join(report["orphans"][:MOST_NAMED])
            self.env["saas.alarm"]._ring(
                "orphans_found",
                self.env._("Orphans were found"),
                self.env._(
                    "No record knows %s. They are left alone: find out whose they "
                    "were, then remove them by hand.",
                    names if len(found) <= MOST_NAMED else f"{names} …",
                ),
            )
        if report["alarms"]:  # What was not looked at may still be there.
            found |= known
        if found != known:
            parameters.set_param(ORPHANS_PARAMETER, " ".join(sorted(found)) or False)
