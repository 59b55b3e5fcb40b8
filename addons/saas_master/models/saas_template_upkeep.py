import logging

from odoo import api, models
from odoo.exceptions import UserError

from .saas_operation import ACTIVE

_logger = logging.getLogger(__name__)

OVER = ("retired", "failed")


class SaasTemplate(models.Model):
    """Templates follow what is sold, and go when nothing is copied from them."""

    _inherit = "saas.template"

    def _get_wanted(self):
        """Return what a template of this version would be made of today."""
        self.ensure_one()
        version = self.version_id
        modules = [version.modules, self.extra_modules]
        return {
            "modules": ",".join(filter(None, modules)).replace(" ", ""),
            "languages": version.languages.replace(" ", ""),
            "image": version.image,
        }

    @api.model
    def _cron_keep_templates(self):
        """Build what changed since, and remove what nobody copies from any more."""
        if self.env["saas.operation"]._is_frozen():
            return
        self._build_what_changed()
        self._remove_what_is_over()

    def _build_what_changed(self):
        sold = [("state", "=", "ready"), ("version_id.active", "=", True)]
        for template in self.search(sold):
            if not template._is_behind():
                continue
            try:
                template._build_again()
            except UserError as error:  # One is being built: the next run asks again.
                _logger.info("%s: %s", template.name, error)

    def _is_behind(self):
        """Tell whether another is to take its place, and was not tried already.

        A build that failed is not repeated by itself: its managers were told.
        """
        wanted = self._get_wanted()
        if all(self[name] == value for name, value in wanted.items()):
            return False
        later = [
            ("id", ">", self.id),
            *self._get_rivals(),
            *((name, "=", value) for name, value in wanted.items()),
        ]
        return not self.search_count(later, limit=1)

    def _remove_what_is_over(self):
        replaced = self.search([("state", "=", "retired")])
        for template in replaced:
            if not template._get_removal_blocker():
                template._remove()

    def _get_removal_blocker(self):
        """Say why the template has to stay.

        :return: the reason, or None
        """
        self.ensure_one()
        if self.state not in OVER:
            return self.env._("Only a retired or failed template can be removed.")
        if self.operation_ids.filtered(
            lambda one: (
                one.state in ACTIVE
                or (one.kind == "remove_template" and one.state == "failed")
            )
        ):
            return self.env._("It is being removed already, or that failed: see there.")
        copying = [
            ("template_id", "=", self.id),
            ("provisioning_status", "in", ("pending", "provisioning")),
        ]
        instance = self.env["saas.instance"].sudo().search(copying, limit=1)
        if instance:
            return self.env._(
                "%s is not finished and is copied from it: retry or discard it first.",
                instance.subdomain,
            )
        return None

    def _remove(self):
        """Open the operation that takes the template's database and files away.

        :raise UserError: where it has to stay, with the reason
        :return: the operation
        """
        if blocker := self._get_removal_blocker():
            raise UserError(blocker)
        return self.env["saas.operation"]._open("remove_template", template=self)
