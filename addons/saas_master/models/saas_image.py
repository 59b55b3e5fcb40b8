# Commits so that no transaction is open while an engine is asked.
# pylint: disable=invalid-commit
from odoo import models


class SaasCluster(models.Model):
    """Images of tenants go once nothing refers to them any more."""

    _inherit = "saas.cluster"

    def _measure(self, driver):
        if self.kind == "swarm":
            kept = self._get_kept_images()
            self.env.cr.commit()
            driver.prune_images(kept)
        return super()._measure(driver)

    def _get_kept_images(self):
        """Return what is sold, and what stopped, paused or ended instances wait for.

        :rtype: set[str]
        """
        templates = [("state", "!=", "removed")]
        return {
            image
            for model, domain in (
                ("saas.odoo.version", []),
                ("saas.template", templates),
                ("saas.instance", []),  # What was purged is archived.
            )
            for (image,) in self.env[model].sudo()._read_group(domain, ["image"])
            if image
        }
